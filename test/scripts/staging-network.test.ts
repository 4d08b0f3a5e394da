/** What a server that only restores may connect to. The rules are the kernel's in the rehearsal; here an nft that keeps them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileHost, type Host, type Result } from "./harness.js";

/** `-f -` takes rules, `list` shows them, `delete` takes them away. */
const NFT = `
case $1 in
  -f) cat >"$STATE" ;;
  list) [[ -e $STATE ]] && sed -E "s/^ {4}/\t\t/" "$STATE" ;;
  delete) rm "$STATE" ;;
esac`;
const GETENT = `[[ $2 == nowhere ]] && exit 2; echo "192.0.2.\${#2} STREAM $2"; echo "192.0.2.\${#2} DGRAM"; [[ $2 != two ]] || echo "2001:db8::1 STREAM"`;

let host: Host;
beforeEach(() => {
  host = fileHost("configs", ["/opt/configs"]);
  host.fake("nft", NFT);
  host.fake("getent", GETENT);
});
afterEach(() => host.close());
const run = (mode: string, stdin = ""): Promise<Result> => host.run("host/staging-network", [mode], stdin);
const rules = (): string => readFileSync(join(host.root, "state.nft"), "utf8");

it("lets only the copies that it is told be reached, and remembers them", async () => {
  const result = await run("close", "one 443\ntwo 9000\n");
  expect(result.code, result.stderr).toBe(0);
  const copies = ["192.0.2.3 . 443", "192.0.2.3 . 9000", "2001:db8::1 . 9000"];
  expect(JSON.parse(result.stdout)).toEqual({ mode: "close", copies });
  expect(rules()).toContain("elements = { 192.0.2.3 . 443,192.0.2.3 . 9000 }");
  expect(rules()).toContain("elements = { 2001:db8::1 . 9000 }");
  expect(rules().match(/^ {4}reject$/gm)).toHaveLength(2);
  const pull = await run("pull");
  expect([pull.code, (JSON.parse(pull.stdout) as { copies: string[] }).copies]).toEqual([0, copies]);
  expect(rules()).toMatch(/^ {4}accept$/m);
});

it("takes the copies of the host's own jobs when it is told none", async () => {
  host.writeEnv({
    RCLONE_CONFIG_R2_ENDPOINT: "https://abc.r2.example",
    RCLONE_CONFIG_SPACES_ENDPOINT: "http://fra1.example:9100/x",
    RCLONE_CONFIG_PLAIN_ENDPOINT: "http://plain",
    RCLONE_CONFIG_BOX_HOST: "u1.box.example",
    GRANARY_COPY_BOX_RESTIC_LOGIN: "u1-sub2@u1-sub2.box.example",
  });
  const result = await run("close");
  expect(result.code, result.stderr).toBe(0);
  const remembered = readFileSync(join(host.root, "etc/granary/staging-network"), "utf8").split("\n");
  expect(remembered).toEqual(
    expect.arrayContaining([
      "abc.r2.example 443",
      "fra1.example 9100",
      "plain 80",
      "u1-sub2.box.example 23",
      "u1.box.example 23",
    ]),
  );
});

it.each(["once", "and again, when it is open already"])("opens %s, and forgets the copies", async (when) => {
  if (when === "once") await run("close", "one 443\n");
  const result = await run("open");
  expect([result.code, result.stdout]).toEqual([0, '{"mode":"open"}\n']);
  expect(existsSync(join(host.root, "state.nft"))).toBe(false);
  expect(existsSync(join(host.root, "etc/granary/staging-network"))).toBe(false);
});

it.each([
  ["an unknown mode", "shut", "", 10, "close, pull or open is expected"],
  ["a line that is no place", "close", "one\n", 10, "'one' is no host and port"],
  ["a name without an address", "close", "nowhere 443\n", 24, "nowhere has no address"],
])("refuses %s, and changes no rule", async (_, mode, stdin, code, message) => {
  const result = await run(mode, stdin);
  expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
  expect(existsSync(join(host.root, "state.nft"))).toBe(false);
});

it("says so when the rules are not in force", async () => {
  host.fake("nft", "cat >/dev/null");
  const result = await run("close", "one 443\n");
  expect([result.code, result.stderr]).toEqual([41, expect.stringContaining("are not in force")]);
});
