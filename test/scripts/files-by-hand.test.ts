/** Without Granary: the commands of docs/files.md, on what a run left in a copy. And a restore whose host has no password. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { expectFailure } from "./faults.js";
import { keygen, path } from "./harness.js";
import { at, host, listing, PASSWORD, uploads } from "./repository.js";

const block = (): string => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/files.md"), "utf8");
  const found = /runs this\. -->\n+```bash\n([\s\S]*?)```/.exec(text)?.[1];
  if (found === undefined) throw new Error("docs/files.md has lost the commands");
  return found.replaceAll("shop/media", "shop/orders");
};

it("age and restic bring the files back by the commands of the documents", async () => {
  host.writeEnv({ GRANARY_COPIES: "b" });
  expect((await host.backup()).code).toBe(0);
  mkdirSync(at("elsewhere"));
  writeFileSync(at("elsewhere/identity.txt"), host.keys.identity, { mode: 0o600 });
  const env = { PATH: path, HOME: at("elsewhere"), ROOT: at("b"), RCLONE_CONFIG: "/dev/null" };
  execFileSync("bash", ["-Eeuo", "pipefail", "-c", block()], { cwd: at("elsewhere"), env, stdio: "pipe" });
  expect(listing(join(at("elsewhere/restored"), uploads()))).toBe(listing(uploads()));
  expect(() => readFileSync(at("elsewhere/password.txt"))).toThrow();
});

it("a restore takes the password from the copy, with an identity of the recipients and no other", async () => {
  host.writeEnv({ GRANARY_COPIES: "a" });
  const backup = await host.backup();
  host.writeEnv({ GRANARY_RESTIC_PASSWORD: undefined });
  expectFailure(
    await host.restore(["--into", at("restored")], keygen().identity),
    30,
    "identity-wrong",
    /no identity matched/,
  );
  const restore = await host.restore(["--into", at("restored")]);
  expect(restore.code, restore.stderr).toBe(0);
  expect(listing(join(at("restored"), uploads()))).toBe(listing(uploads()));
  for (const said of [backup.stderr, restore.stderr, restore.stdout]) expect(said).not.toContain(PASSWORD);
  expectFailure(await host.backup(), 11, "config", /GRANARY_RESTIC_PASSWORD is missing/);
});

it("the password and the keys of the copies are in no argument", async () => {
  host.writeEnv({ GRANARY_COPIES: "a", RCLONE_CONFIG_A_SECRET: "PLANTED-COPY-SECRET" });
  for (const program of ["restic", "rclone", "age", "jq", "openssl"])
    host.fake(program, `printf '%q ' ${program} "$@" >>${at("argv")}; echo >>${at("argv")}\nexec "$REAL" "$@"`);
  const backup = await host.backup();
  expect(backup.code, backup.stderr).toBe(0);
  const argv = readFileSync(at("argv"), "utf8");
  for (const program of ["restic", "rclone", "age"]) expect(argv).toMatch(new RegExp(`^${program} `, "m"));
  expect(argv + backup.stderr).not.toContain("PLANTED");
});

it("another recipient gets the password in the next run", async () => {
  host.writeEnv({ GRANARY_COPIES: "a" });
  expect((await host.backup()).code).toBe(0);
  const other = keygen();
  host.writeEnv({ GRANARY_RECIPIENTS: `${host.keys.recipient} ${other.recipient}` });
  expect((await host.backup()).code).toBe(0);
  const escrow = readFileSync(at("a/files/shop/orders.password.age"));
  writeFileSync(at("other"), other.identity);
  expect(execFileSync("age", ["-d", "-i", at("other")], { input: escrow, encoding: "utf8" })).toBe(PASSWORD);
});
