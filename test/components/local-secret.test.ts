import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { randomPassword, sshKeyPair } from "../../components/local-secret.js";
import { HOST_KEY, HOST_PRIVATE_KEY, PASSWORD, record, valueOf } from "./engine.js";
import { find, LOCAL, parent } from "./fixtures.js";

const secret = (output: unknown) => (output as { isSecret: Promise<boolean> }).isSecret;

function program() {
  const owner: pulumi.Resource = parent();
  return { password: randomPassword("one-password", owner), pair: sshKeyPair("one-host-key", owner) };
}

/** What the command of that resource prints here. */
async function printed(name: string): Promise<string> {
  const { create, interpreter } = find((await record(program)).resources, LOCAL, name).inputs as {
    create: string;
    interpreter: [string, string];
  };
  return execFileSync(interpreter[0], [interpreter[1], create], { encoding: "utf8" });
}

describe("a password", () => {
  it("is made once, kept secret, and never changed by a changed command", async () => {
    const { resources, result } = await record(program);
    expect(find(resources, LOCAL, "one-password")).toMatchObject({
      inputs: { logging: "none", addPreviousOutputInEnv: false },
      ignoreChanges: ["create", "interpreter", "logging"],
      additionalSecretOutputs: ["stderr", "stdout"],
      parent: "test:Parent shop",
    });
    expect(await valueOf(result.password)).toBe(PASSWORD);
    expect(await secret(result.password)).toBe(true);
  });

  it("is what Hetzner takes, and another one every time", async () => {
    const [one, two] = [await printed("one-password"), await printed("one-password")];
    for (const password of [one, two]) expect(password).toMatch(/^Gr4-[0-9a-f]{48}$/);
    expect(one).not.toBe(two);
  });
});

describe("a key pair", () => {
  it("is cut into its halves: the private one secret, the public one not", async () => {
    const { pair } = (await record(program)).result;
    expect(await valueOf(pair.privateKey)).toBe(HOST_PRIVATE_KEY);
    expect(await secret(pair.privateKey)).toBe(true);
    expect(await valueOf(pair.publicKey)).toBe(HOST_KEY);
    expect(await secret(pair.publicKey)).toBe(false);
  });

  it("fits together, has no passphrase and leaves no file", async () => {
    const text = await printed("one-host-key");
    const end = text.indexOf("ssh-ed25519 ");
    const dir = mkdtempSync(join(tmpdir(), "granary-pair-"));
    try {
      writeFileSync(join(dir, "key"), text.slice(0, end), { mode: 0o600 });
      const derived = execFileSync("ssh-keygen", ["-y", "-P", "", "-f", join(dir, "key")], { encoding: "utf8" });
      expect(text.slice(end).trim()).toBe(derived.trim());
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
