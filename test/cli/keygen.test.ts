import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { encryptionSchema } from "../../settings/recipients.js";
import { granaryIn } from "./granary.js";

let directory: string;
let path: string | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-keygen-"));
  path = process.env["PATH"];
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);

const granary = (...args: string[]) => granaryIn(directory, "keygen", ...args);

describe("granary keygen", () => {
  it("makes two identities that each open what is encrypted to both, and prints the settings", async () => {
    const { code, out, err } = await granary("--out", at("keys"));
    expect([code, err]).toEqual([0, ""]);
    expect(statSync(at("keys")).mode & 0o777).toBe(0o700);
    const settings = parse(/^ {2}granary:encryption:\n(?: {4}.*\n)+/m.exec(out)?.[0] ?? "") as Record<string, unknown>;
    const { recipients } = encryptionSchema.parse(settings["granary:encryption"]);
    expect(recipients).toHaveLength(2);
    const sealed = execFileSync(
      "age",
      recipients.flatMap((to) => ["-r", to]),
      { input: "orders" },
    );
    for (const name of ["owner", "spare"]) {
      const file = at(`keys/identity-${name}.txt`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(execFileSync("age", ["-d", "-i", file], { input: sealed, encoding: "utf8" })).toBe("orders");
      expect(out).toContain(`${name}: ${file}\n`);
    }
    expect(out).not.toContain("AGE-SECRET-KEY");
  });

  it("makes what is asked for, and says so as JSON without the private half", async () => {
    const { out } = await granary("--out", at("keys"), "--names", "night", "--json");
    const { identities } = JSON.parse(out) as { identities: { name: string; file: string; recipient: string }[] };
    const file = at("keys/identity-night.txt");
    const recipient = execFileSync("age-keygen", ["-y", file], { encoding: "utf8" }).trim();
    expect(identities).toEqual([{ name: "night", file, recipient }]);
    expect(out).not.toContain("AGE-SECRET-KEY");
  });

  it("never overwrites, and makes none when one is there", async () => {
    mkdirSync(at("keys"));
    writeFileSync(at("keys/identity-spare.txt"), "precious");
    const { code, err } = await granary("--out", at("keys"));
    expect(code).toBe(1);
    expect(err).toContain("identity-spare.txt is there already and is not overwritten");
    expect(readFileSync(at("keys/identity-spare.txt"), "utf8")).toBe("precious");
    expect(existsSync(at("keys/identity-owner.txt"))).toBe(false);
  });

  it.each([
    ["a repository", () => execFileSync("git", ["init", "-q", at("repository")]), "repository/new/keys"],
    ["a worktree or submodule", () => writeFileSync(at(".git"), "gitdir: elsewhere\n"), "keys"],
    [
      "a link into a repository",
      () => {
        execFileSync("git", ["init", "-q", at("repository")]);
        symlinkSync(at("repository"), at("link"));
      },
      "link/keys",
    ],
  ])("refuses %s, and makes nothing", async (_, prepare, out) => {
    prepare();
    const { code, err } = await granary("--out", at(out));
    expect(code).toBe(1);
    expect(err).toMatch(/is inside the Git work tree .*: choose another place with --out/);
    expect(existsSync(at(out))).toBe(false);
  });

  it("refuses this project's own folder", async () => {
    const { code, err } = await granary("--out", join(import.meta.dirname, "keys"));
    expect([code, existsSync(join(import.meta.dirname, "keys"))]).toEqual([1, false]);
    expect(err).toContain("is inside the Git work tree");
  });

  it.each([
    [["--names", "Owner"], 'bad name "Owner"'],
    [["--names", "../x"], 'bad name "../x"'],
    [["--names", "a,a"], "listed twice"],
    [["--out", ""], "--out is empty"],
    [["here"], "Unexpected argument 'here'"],
  ])("%j is wrong usage", async (args, message) => {
    const { code, err } = await granary(...args);
    expect(code).toBe(64);
    expect(err).toContain(message);
  });

  it("says what to do without age, and what age-keygen said when it fails", async () => {
    process.env["PATH"] = directory;
    expect((await granary("--out", at("keys"))).err).toContain("age-keygen is not on the PATH: install age");
    writeFileSync(at("age-keygen"), "#!/bin/sh\necho 'no entropy' >&2\nexit 1\n");
    chmodSync(at("age-keygen"), 0o755);
    const { code, err } = await granary("--out", at("keys"));
    expect(code).toBe(1);
    expect(err).toContain("identity-owner.txt: no entropy");
  });
});
