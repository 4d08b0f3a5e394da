import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prove } from "../../plan/proof.js";
import { SettingsError } from "../../settings/errors.js";
import { parseSettings } from "../../settings/parse.js";
import { rawSettings, readStackFile, StackFileError } from "../../settings/stack-file.js";

const ROOT = join(import.meta.dirname, "../..");

describe("Pulumi.prod.yaml", () => {
  it("is right, complete, and keeps the rule with exactly these legs", () => {
    const settings = parseSettings(readStackFile(ROOT, "prod"));
    expect(Object.keys(settings)).toEqual(["encryption", "copies", "hosts", "retention"]);
    expect(prove(settings).hosts.map((h) => [h.host, h.ok, h.legs])).toEqual([
      [
        "shop",
        true,
        [
          { rule: "3 copies", ok: true, found: "4: production, spaces, r2, box" },
          { rule: "2 media", ok: true, found: "3: server disk, object store, ZFS box" },
          {
            rule: "1 off-site",
            ok: true,
            found: "spaces (digitalocean, DE), r2 (cloudflare, western Europe), box (hetzner, FI)",
          },
          { rule: "1 out of the host's reach", ok: true, found: "r2 (locked for 30 days), box (10 daily snapshots)" },
          {
            rule: "0 errors",
            ok: undefined,
            found: "not known: no restore has been looked at",
            remedy: "restore one: `npx granary drill shop --identity FILE`",
          },
        ],
      ],
    ]);
  });
});

describe("rawSettings", () => {
  const read = (text: string) => rawSettings(text, "Pulumi.x.yaml");

  it("reads nested YAML and JSON text, and leaves out other namespaces and encrypted secrets", () => {
    const text = `config:
  hcloud:token: { secure: v1:x }
  granary:sshPrivateKey: { secure: v1:x }
  granary:databasePasswords: { shop/orders: { secure: v1:x } }
  granary:copies: '{"box":{"kind":"storageBox"}}'
  granary:encryption: '{broken'
  granary:hosts: { shop: { sshPort: 22 } }
  granary:retention: [1]
`;
    expect(read(text)).toEqual({
      copies: { box: { kind: "storageBox" } },
      encryption: "{broken",
      hosts: { shop: { sshPort: 22 } },
      retention: [1],
    });
  });

  it.each([
    ["granary:sshPrivateKey: planted", "sshPrivateKey", "pulumi config set --secret granary:sshPrivateKey"],
    ["granary:databasePasswords: { a/b: planted }", "databasePasswords", "a secret stored in plain"],
    ["digitalocean:spacesSecretKey: planted", "digitalocean:spacesSecretKey", "--secret digitalocean:spacesSecretKey"],
    ["cloudflare:apiToken: planted", "cloudflare:apiToken", "a secret stored in plain"],
    ["granary:hosts: { secure: v1:planted }", "hosts", "settings are not encrypted"],
  ])("refuses %s", (line, path, remedy) => {
    try {
      read(`config: { ${line} }`);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
      const { problems, message } = error as SettingsError;
      expect(problems).toMatchObject([{ path, value: "(secret, not shown)" }]);
      expect(message).toContain(remedy);
      expect(message).not.toContain("planted");
    }
  });

  it.each([
    ["config:\n  granary:copies: {}\n  granary:copies: {}\n", "not valid YAML at line 3 (DUPLICATE_KEY)"],
    ["config:\n  granary:x: [planted\n", "Pulumi.x.yaml is not valid YAML at line 3 (BAD_INDENT)"],
    ["", "Pulumi.x.yaml has no config: map"],
    ["config: 1", "Pulumi.x.yaml has no config: map"],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => read(text)).toThrow(StackFileError);
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).not.toThrow("planted");
  });
});

describe("readStackFile", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "granary-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("names the stacks there are", () => {
    for (const stack of ["test", "prod"]) writeFileSync(join(directory, `Pulumi.${stack}.yaml`), "");
    writeFileSync(join(directory, "Pulumi.yaml"), "");
    expect(() => readStackFile(directory, "dev")).toThrow("choose one with --stack: prod, test");
  });

  it("asks for the project's folder where there are none", () => {
    expect(() => readStackFile(directory, "dev")).toThrow(
      `no Pulumi.dev.yaml in ${directory}: go to the project's folder`,
    );
  });
});
