/** Backups that are killed, and the run after. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { host, older, withOlder } from "./faults.js";

describe("killed with -9 and run again", () => {
  const kill = "kill -9 0; sleep 5";
  it.each<[string, string, string]>([
    ["while dumping", "zstd", `[[ $* == *-vv* ]] && { head -c 500000 | "$REAL" "$@"; ${kill}; }; exec "$REAL" "$@"`],
    ["while encrypting", "age", `[[ $* == *-o* ]] && exec "$REAL" "$@"; "$REAL" "$@" | head -c 200000; ${kill}`],
    ["while verifying", "sync", kill],
    [
      "while saving the roles",
      "zstd",
      `[[ $* == *-vv* ]] || exec "$REAL" "$@"; if [[ -e $STATE ]]; then ${kill}; fi; touch "$STATE"; exec "$REAL" "$@"`,
    ],
    ["between the renames", "mv", `[[ $* == *globals* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["before the local manifest", "mv", `[[ $* == *.json.partial* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["while uploading", "rclone", `[[ $* == *immutable* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["while reading back", "rclone", `[[ $* == *cat* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["before the copy's manifest", "rclone", `[[ $* == *copy.a* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["between the copies", "rclone", `[[ $* == *immutable*\\ b:* ]] && { ${kill}; }; exec "$REAL" "$@"`],
  ])("%s", async (_, program, fake) => {
    withOlder();
    host.fake(program, fake);
    const killed = await host.backup();
    expect(killed.signal).toBe("SIGKILL");
    const before = new Map((["a", "b"] as const).map((copy) => [copy, snapshot(copy)]));
    for (const name of older) expect(host.files("local")).toContain(name);
    host.unfake(program);
    const again = await host.backup();
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("event=finished");
    expect(host.files("local").filter((name) => name.includes("partial") || name.startsWith(".work"))).toEqual([]);
    const stamp = host.manifest("local").created.replace(/[-:]/g, "");
    for (const copy of ["a", "b"] as const) {
      expect(host.manifest(copy).created).toBe(host.manifest("local").created);
      const untouched = snapshot(copy).filter((line) => !line.includes(stamp));
      expect(untouched).toEqual(before.get(copy)); // what the killed run left is as it was: neither counted nor written over
    }
  });

  function snapshot(copy: "a" | "b"): string[] {
    const dir = join(host.root, copy, "daily/shop/orders");
    return host.files(copy).map((name) => execFileSync("sha256sum", [name], { cwd: dir, encoding: "utf8" }));
  }
});
