/** A copying that is killed: the replica never has a manifest without what it is about, and the next run is whole. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { backup, DAY, get, host, keys, put, records, run, stamp } from "./replica.js";

const kill = `touch "$STATE"; kill -9 0; sleep 5`;

it.each([
  ["while it lists", "*lsf*"],
  ["while it copies", "*--checksum*"],
  ["while it reads back", "*cat*b:*"],
  ["before the manifests", "*/manifests*b:*"],
  ["before the record", "*/record*b:*"],
])("kill -9 %s", async (_, call) => {
  const when = stamp(DAY / 4);
  backup("daily", when);
  backup("monthly", when);
  put("a", `wal/shop/orders/77-15/000000010000000000000001.00000000-01000000.${when}.zst.age`, "piece");
  host.fake("rclone", `if [[ " $* " == ${call} ]]; then ${kill}; fi\nexec "$REAL" "$@"`);
  expect((await run()).signal).toBe("SIGKILL");
  expect(existsSync(join(host.root, "state.rclone"))).toBe(true);
  expect(records()).toEqual([]);
  const there = existsSync(join(host.root, "b")) ? keys("b") : [];
  for (const key of there.filter((name) => name.endsWith(".json")))
    expect(there).toContain(key.replace(/json$/, "dump.zst.age"));
  host.unfake("rclone");
  const again = await run();
  expect(again.code, again.stderr).toBe(0);
  expect(keys("b")).toEqual(keys("a"));
  for (const key of keys("b")) expect(get("b", key)).toBe(get("a", key));
  expect(records().map(({ missing }) => missing)).toEqual([0]);
});
