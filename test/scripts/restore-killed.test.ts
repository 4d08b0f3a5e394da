/** Restores that are killed, and the run after; two at once. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cluster, databases, expectClean, host, outcome } from "./restored.js";
import { finished } from "./harness.js";

describe("killed with -9 and run again", () => {
  const kill = "kill -9 0; sleep 5";
  it.each([
    ["while fetching", "rclone", `[[ $* == *cat*dump* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    [
      "while opening",
      "zstd",
      `[[ $* == *-dcq* && -e $STATE ]] && { head -c 9 | "$REAL" "$@"; ${kill}; }; touch "$STATE"; exec "$REAL" "$@"`,
    ],
    ["while restoring", "pg_restore", `[[ $* == *--version* ]] || { "$REAL" "$@" -s; ${kill}; }; exec "$REAL" "$@"`],
    ["while comparing", "psql", `[[ $* == *shop_restored* ]] && { ${kill}; }; exec "$REAL" "$@"`],
    ["while switching", "psql", `[[ $* == *-d\\ shop\\ -c* ]] && { ${kill}; }; exec "$REAL" "$@"`],
  ])("%s", async (_, program, fake) => {
    host.fakeDocker(); // its clients run in the process group of the script, as its user: kill 0 reaches them all
    cluster.sql("shop", "DELETE FROM orders WHERE id > 4000");
    host.fake(program, fake);
    expect((await host.restore(["--copy", "a", "--switch"])).signal).toBe("SIGKILL");
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("4000");
    host.unfake(program);
    const again = outcome(await host.restore(["--copy", "a", "--switch"]));
    expect(again).toMatchObject({ database: "shop", switched: true, compared: { rows: 5000 } });
    expect(databases()).toEqual(["shop", again.old]);
    expect(existsSync("/tmp/granary-restore-orders.dump")).toBe(false);
    expectClean();
  });

  it("two restores at once: the second does nothing", async () => {
    host.fake("pg_restore", `[[ $* == *--version* ]] || sleep 1.5; exec "$REAL" "$@"`);
    const first = host.start("granary-restore", ["orders"], host.keys.identity);
    const end = finished(first);
    await new Promise((resolve) =>
      first.stderr?.on("data", (text: Buffer) => (text.toString().includes("event=chosen") ? resolve(0) : 0)),
    );
    const second = await host.restore();
    expect(second.code).toBe(12);
    expect(second.stderr).toContain("name=locked");
    expect((await end).code).toBe(0);
  });
});
