/** Recovery to an instant is exact: ten of them at random, before and after the server went on to another timeline. */
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "./harness.js";
import { Continuous, control, server, shopCluster } from "./wal.js";

/** Rows come about this often; the instants lie anywhere between them. */
const EVERY_MS = 150;
const ROWS = 24;

let cluster: Cluster;
let host: Continuous;
/** Of each row: it was committed between these two, microseconds since 1970. */
const committed: { after: bigint; before: bigint }[] = [];
/** Between the last row of the first timeline and the first of the second. */
let switched = 0n;

const now = (): bigint =>
  BigInt(cluster.sql("postgres", "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"));

async function rows(): Promise<void> {
  for (let number = 0; number < ROWS / 2; number += 1) {
    const row = "INSERT INTO orders (note) VALUES ('x') RETURNING (extract(epoch FROM at) * 1000000)::bigint";
    committed.push({ after: BigInt(cluster.sql("shop", row)), before: now() });
    await sleep(EVERY_MS);
  }
}

beforeAll(async () => {
  cluster = shopCluster();
  host = new Continuous(cluster);
  host.startService();
  await host.shipped();
  await rows();
  const data = join(cluster.dir, "data");
  control(data, cluster.dir, "stop", "-m", "fast");
  writeFileSync(join(data, "standby.signal"), "");
  control(data, cluster.dir, "start");
  server("pg_ctl", "-D", data, "-w", "promote");
  switched = now();
  await rows();
  await host.shipped();
  await host.stopService();
  cluster.close();
});
afterAll(() => host.close());

/** Five instants on each side of the switch, each between two rows. */
function instants(): bigint[] {
  const gaps = committed.slice(1).map(({ after }, i) => ({ from: committed[i]!.before, until: after }));
  const pick = (all: typeof gaps): bigint => {
    const { from, until } = all[randomInt(all.length)]!;
    return from + BigInt(randomInt(Number(until - from)));
  };
  const sides = [gaps.filter(({ until }) => until < switched), gaps.filter(({ from }) => from > switched)];
  return sides.flatMap((side) => Array.from({ length: 5 }, () => pick(side)));
}

/** As a person would write it, to the microsecond. */
const text = (instant: bigint): string =>
  `${new Date(Number(instant / 1000n)).toISOString().slice(0, -1)}${String(instant % 1000n).padStart(3, "0")}Z`;

describe("ten random instants across two timelines", () => {
  it("each have the rows that were committed before, and no other", async () => {
    const found: string[] = [];
    const expected: string[] = [];
    for (const [number, instant] of instants().entries()) {
      const to = join(host.root, `instant${String(number)}`);
      const result = await host.recover([
        "--copy",
        number % 2 === 0 ? "a" : "b",
        "--data-dir",
        to,
        "--at",
        text(instant),
      ]);
      expect(result.code, result.stderr).toBe(0);
      expected.push(`${text(instant)}: ${String(committed.filter(({ before }) => before <= instant).length)}`);
      found.push(`${text(instant)}: ${host.ask(to, "SELECT count(*) FROM orders")}`);
    }
    expect(found).toEqual(expected);
    expect(new Set(expected.map((line) => line.split(": ")[1])).size).toBeGreaterThan(2);
  });
});
