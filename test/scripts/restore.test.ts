/** Restores that succeed, with the real tools. */
import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  cluster,
  CONTENT,
  CREDENTIALS,
  databases,
  dropAll,
  expectClean,
  host,
  outcome,
  PROPERTIES,
  saved,
} from "./restored.js";
import { finished } from "./harness.js";

describe("a restore with the real tools", () => {
  it.each(["native", "container"])("onto a server that has nothing: everything is as it was (%s)", async (door) => {
    if (door === "container") host.fakeDocker();
    const content = cluster.sql("shop", CONTENT);
    dropAll();
    const result = outcome(await host.restore(["--copy", "a"]));
    expect(result).toMatchObject({
      database: "shop",
      switched: true,
      old: null,
      copy: "a",
      compared: { tables: 1, rows: 5000 },
    });
    expect(databases()).toEqual(["shop"]);
    expect([PROPERTIES, CREDENTIALS].map((query) => cluster.sql("postgres", query))).toEqual(saved);
    expect(cluster.sql("shop", CONTENT)).toBe(content);
    expect(cluster.sql("shop", "SELECT double(21), count(*) FROM recent")).toBe("42|10");
    expect(cluster.sql("shop", "INSERT INTO orders (note) VALUES ('next') RETURNING id")).toContain("5001");
    expect(cluster.sql("postgres", `SELECT pg_has_role('shop', 'Odd "Role', 'member')`)).toBe("t");
    expect(cluster.sql("shop", "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'")).toBe("shop");
    expectClean();
  });

  it("into a database of another name, from the local artifacts", async () => {
    expect(outcome(await host.restore(["--into", "look"]))).toMatchObject({
      database: "look",
      switched: false,
      copy: "local",
    });
    expect(cluster.sql("look", "SELECT count(*) FROM public.orders")).toBe("5000");
    expect(databases()).toEqual(["look", "shop"]);
  });

  it("beside a live database, which stays as it is, and with --switch in its place, which is kept", async () => {
    cluster.sql("shop", "DELETE FROM orders WHERE id > 100");
    const first = await host.restore();
    const beside = outcome(first);
    expect(beside).toMatchObject({ switched: false });
    expect(beside.database).toMatch(/^shop_restored_\d{8}t\d{6}z$/);
    expect(first.stderr).toMatch(
      /event=kept-beside .* next="granary-restore orders --copy local --at \d{8}T\d{6}Z --switch"/,
    );
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("100");
    const app = spawn("psql", ["-h", cluster.dir, "-U", "postgres", "-d", "shop", "-c", "SELECT pg_sleep(60)"], {
      stdio: "ignore",
    });
    const ended = finished(app);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const live = outcome(await host.restore(["--switch"]));
    expect((await ended).code).not.toBe(0);
    expect(live).toMatchObject({ database: "shop", switched: true });
    expect(live.seconds["restore"]).toBeUndefined(); // the one restored before is taken, after its rows were compared again
    expect(databases()).toEqual(["shop", live.old]);
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("5000");
    expect(cluster.sql(live.old ?? "", "SELECT count(*) FROM public.orders")).toBe("100");
  });

  it("run again after it had switched, does nothing: what came in since then stays", async () => {
    cluster.sql("shop", "DELETE FROM orders WHERE id > 100");
    const first = outcome(await host.restore(["--switch", "--reuse"]));
    cluster.sql("shop", "INSERT INTO orders (note) VALUES ('since')");
    const before = databases();
    for (const more of [["--reuse", "--switch"], ["--reuse"]]) {
      const again = await host.restore(more);
      expect(outcome(again)).toMatchObject({
        ...{ database: "shop", switched: true, already: true, old: first.old },
        compared: first.compared,
      });
      expect(again.stderr).toContain("event=switched-before database=shop");
    }
    expect(databases()).toEqual(before);
    expect(cluster.sql("shop", "SELECT count(*) FROM orders WHERE note = 'since'")).toBe("1");
  });

  it("is done again where it was taken back, where another database is live, and without --reuse", async () => {
    cluster.sql("shop", "DELETE FROM orders WHERE id > 100");
    expect(outcome(await host.restore(["--switch", "--reuse"]))).toMatchObject({ switched: true });
    expect((await host.restore(["--undo"])).code).toBe(0);
    const undone = JSON.parse((await host.restore(["--reuse"])).stdout) as { switched: boolean; already?: boolean };
    expect([undone.switched, undone.already]).toEqual([false, undefined]);
    await new Promise((resolve) => setTimeout(resolve, 1100)); // the kept ones are named by the second
    expect(outcome(await host.restore(["--switch", "--reuse"]))).toMatchObject({ switched: true });
    cluster.sql("shop", "DELETE FROM orders");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(outcome(await host.restore())).toMatchObject({ switched: false });
    const meant = JSON.parse((await host.restore(["--switch"])).stdout) as { switched: boolean; already?: boolean };
    expect([meant.switched, meant.already]).toEqual([true, undefined]);
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("5000");
  });

  it("in the place of an empty database, as a new container makes one", async () => {
    cluster.sql("postgres", "DROP DATABASE shop; CREATE DATABASE shop");
    expect(outcome(await host.restore())).toMatchObject({ database: "shop", switched: true });
    expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("5000");
  });

  it("roles that exist are left alone", async () => {
    dropAll();
    cluster.sql("postgres", "CREATE ROLE shop LOGIN PASSWORD 'newer'");
    const before = cluster.sql("postgres", CREDENTIALS);
    outcome(await host.restore());
    expect(cluster.sql("postgres", CREDENTIALS)).toBe(before);
    expect(cluster.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'Odd%'")).toBe("1");
  });

  it("of the backup that is named", async () => {
    cluster.sql("shop", "DELETE FROM orders WHERE id > 3000");
    const first = host.manifest("a").created;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await host.backup()).code).toBe(0);
    const count = (database: string): string => cluster.sql(database, "SELECT count(*) FROM public.orders");
    outcome(await host.restore(["--copy", "a", "--into", "latest"]));
    outcome(await host.restore(["--copy", "a", "--at", first.replace(/[-:]/g, ""), "--into", "stamp"]));
    outcome(await host.restore(["--copy", "a", "--at", first, "--into", "time"]));
    expect([count("latest"), count("stamp"), count("time")]).toEqual(["3000", "5000", "5000"]);
  });
});
