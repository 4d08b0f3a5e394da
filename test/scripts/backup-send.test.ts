/** Faults of a backup while it is sent, and two runs at once. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectFailure, host, OLD, withOlder } from "./faults.js";
import { finished } from "./harness.js";

describe("while it is sent", () => {
  it("one copy cannot be reached: the others get theirs, and the run names it", async () => {
    withOlder();
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(host.root, "box_key")]);
    host.writeEnv({
      GRANARY_COPIES: "a box b",
      GRANARY_COPY_BOX_ROOT: "",
      RCLONE_CONFIG_BOX_TYPE: "sftp",
      RCLONE_CONFIG_BOX_HOST: "127.0.0.1",
      RCLONE_CONFIG_BOX_PORT: "9",
      RCLONE_CONFIG_BOX_USER: "u",
      RCLONE_CONFIG_BOX_SHELL_TYPE: "none",
      RCLONE_CONFIG_BOX_KEY_FILE: join(host.root, "box_key"),
    });
    const result = await host.backup();
    expectFailure(result, 22, "copy-failed", /no verified artifact in: box" copies=box/);
    expect(result.stderr).toMatch(/upload to copy box failed: .*connection refused/);
    expect(host.lastState()).toMatchObject({ ok: false, copies: { ok: ["a", "b"], failed: ["box"] } });
    for (const copy of ["a", "b", "local"] as const) expect(host.files(copy).length).toBe(6);
  });

  it.each([
    [
      "is truncated",
      `"$REAL" "$@" || exit; [[ $* != *immutable*\\ a:* ]] || truncate -s 100000 "$(ls "$GRANARY_ROOT"/a/daily/shop/orders/*.dump.zst.age | tail -n 1)"`,
      /copy a gave back something else than was sent/,
    ],
    [
      "comes back with a bit flipped",
      `if [[ $* == *cat\\ a:*dump.zst.age ]]; then "$REAL" "$@" | { head -c 4000; head -c 1 | tr '\\000-\\377' '\\001-\\377\\000'; cat; }; else exec "$REAL" "$@"; fi`,
      /copy a gave back something else than was sent/,
    ],
    [
      "meets a copy that is full",
      `if [[ $* == *immutable*\\ a:* ]]; then trap '' XFSZ; ulimit -f 100; fi; exec "$REAL" "$@"`,
      /upload to copy a failed: .*file too large/,
    ],
    [
      "cannot be read back",
      `[[ $* == *cat\\ a:* ]] && { echo 'Failed to cat: 403' >&2; exit 1; }; exec "$REAL" "$@"`,
      /read-back from copy a failed: Failed to cat: 403/,
    ],
    [
      "reaches a copy but its manifest does not",
      `[[ $* == *copy.a* ]] && { echo 'no' >&2; exit 1; }; exec "$REAL" "$@"`,
      /upload to copy a failed: no/,
    ],
  ])("an upload that %s does not count", async (_, fake, message) => {
    withOlder();
    host.fake("rclone", fake);
    const result = await host.backup();
    expectFailure(result, 22, "copy-failed", message);
    expect(host.files("a").filter((name) => name.endsWith(".json"))).toEqual([`${OLD}.json`]);
    expect(host.files("b").length).toBe(6);
    expect(host.files("local").length).toBe(6);
  });

  it("nothing that a copy holds is written over", async () => {
    const stamp = "20991231T000000Z";
    host.fake("date", `[[ $* == *+%Y%m%dT%H%M%SZ* ]] && echo ${stamp} || exec "$REAL" "$@"`);
    execFileSync("mkdir", ["-p", join(host.root, "a/daily/shop/orders")]);
    const file = join(host.root, `a/daily/shop/orders/${stamp}.dump.zst.age`);
    writeFileSync(file, "somebody else's");
    expectFailure(await host.backup(), 22, "copy-failed", /upload to copy a failed: .*immutable file modified/);
    expect(execFileSync("cat", [file], { encoding: "utf8" })).toBe("somebody else's");
  });
});

describe("two runs", () => {
  it("at once: the second does nothing", async () => {
    withOlder();
    host.fake("zstd", `[[ $* == *-vv* ]] && sleep 2; exec "$REAL" "$@"`);
    const first = host.start("granary-backup");
    const firstEnd = finished(first);
    await new Promise((resolve) =>
      first.stderr?.on("data", (text: Buffer) => (text.toString().includes("event=start ") ? resolve(0) : 0)),
    );
    expectFailure(await host.backup(), 12, "locked", /another run holds/);
    expect((await firstEnd).code).toBe(0);
    expect(host.files("local").length).toBe(6);
  });

  it("within one second: two stamps", async () => {
    host.fake(
      "date",
      `if [[ $* == *+%Y%m%dT%H%M%SZ* ]]; then echo "x" >>"$STATE"; (($(wc -l <"$STATE") < 7)) && echo 20990101T000000Z || echo 20990101T000001Z; else exec "$REAL" "$@"; fi`,
    );
    expect((await host.backup()).code).toBe(0);
    expect((await host.backup()).code).toBe(0);
    expect(host.files("local").filter((name) => name.endsWith(".json"))).toEqual([
      "20990101T000000Z.json",
      "20990101T000001Z.json",
    ]);
  });
});
