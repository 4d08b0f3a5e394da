/** Nothing that is saved is ever in the clear on the disk, not even while a backup runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cluster, host } from "./faults.js";

it("a dump reaches the disk encrypted: while it is made there is no other file of it", async () => {
  cluster.sql("shop", "INSERT INTO orders VALUES (99999, 'PLANTED-IN-THE-CLEAR')");
  // Each time age has encrypted everything, before anything is published, the host is searched for the dump and for the row.
  host.fake(
    "age",
    `"$REAL" "$@" || exit
    compgen -G "$GRANARY_ROOT/var/backups/granary/orders/*.partial" >/dev/null || exit 0
    echo searched >>"$STATE"
    LC_ALL=C grep -rla -D skip -e PLANTED-IN-THE-CLEAR -e 'PGDMP.' "$GRANARY_ROOT/var" "$GRANARY_ROOT/run" >>"$STATE"
    ls "$GRANARY_ROOT"/var/backups/granary/orders/*.partial >>"$STATE"`,
  );
  const result = await host.backup();
  expect(result.code, result.stderr).toBe(0);
  const said = readFileSync(join(host.root, "state.age"), "utf8").trim().split("\n");
  const sealed = said.filter((line) => line.endsWith(".dump.zst.age.partial"));
  expect(said.filter((line) => line === "searched").length).toBeGreaterThanOrEqual(2);
  expect(sealed.length).toBeGreaterThan(0);
  expect(said.filter((line) => line !== "searched" && !line.endsWith(".zst.age.partial"))).toEqual([]);
});
