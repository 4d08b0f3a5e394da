/** Questions to a job's database, as the smoke test asks them: answered, and nothing is changed by them. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Cluster, Host } from "./harness.js";

let cluster: Cluster;
let host: Host;

beforeAll(() => {
  cluster = new Cluster();
  cluster.sql("postgres", "CREATE DATABASE shop");
  cluster.sql("shop", "CREATE TABLE orders AS SELECT 7 AS id");
});
afterAll(() => cluster.close());
beforeEach(() => (host = new Host(cluster)));
afterEach(() => host.close());

it("prints bare values", async () => {
  const { code, stdout, stderr } = await host.run("granary-query", ["orders"], "SELECT id, 'ünï' FROM orders;");
  expect([code, stdout, stderr]).toEqual([0, "7|ünï\n", ""]);
});

it("changes nothing", async () => {
  const { code, stderr } = await host.run("granary-query", ["orders"], "DELETE FROM orders;");
  expect(code).not.toBe(0);
  expect(stderr).toContain("cannot execute DELETE in a read-only transaction");
  expect(cluster.sql("shop", "SELECT count(*) FROM orders")).toBe("1");
});

it("is for jobs with a database", async () => {
  host.writeEnv({ GRANARY_KIND: "logs" });
  const { code, stderr } = await host.run("granary-query", ["orders"], "SELECT 1");
  expect([code, stderr]).toEqual([10, expect.stringContaining("a job of kind 'logs' has no database")]);
});
