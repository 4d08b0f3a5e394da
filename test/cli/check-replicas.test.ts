import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { main } from "../../cli/main.js";
import { example, HOST_KEY } from "../settings/example.js";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What `granary check` prints when the replicas are filled by a host. */
async function check(on: string): Promise<string> {
  const { copies, hosts, ...rest } = example();
  const runner = { address: "203.0.113.20", hostKey: HOST_KEY, provider: "ovh", country: "FR", jobs: {} };
  const raw = {
    ...rest,
    copies: {
      ...copies,
      spaces: { ...copies.spaces, replica: { region: "ams3", on } },
      r2: { ...copies.r2, replica: { location: "eeur", on } },
    },
    hosts: on === "runner" ? { ...hosts, runner } : hosts,
  };
  const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`granary:${key}`, value as unknown]));
  writeFileSync(join(directory, "Pulumi.prod.yaml"), stringify({ config }));
  let out = "";
  const terminal = { directory, color: false, now: new Date("2026-11-23T23:59:00Z"), err: (text: string) => void text };
  expect(await main(["check"], { ...terminal, out: (text) => void (out += text) })).toBe(0);
  return out;
}

it("shows replicas where they are, counts none of them, and lists the host that fills them last", async () => {
  const out = await check("runner");
  expect(out).toContain("  3 copies                   yes        4: production, spaces, r2, box\n");
  expect(out).toMatch(
    /\n {2}spaces, replica {2}digitalocean {2}NL {14}object store {2}root on runner, which fills it \(its key may delete versions\), the/,
  );
  expect(out).toMatch(/\n {2}r2, replica {6}cloudflare {4}eastern Europe {2}object store {2}the cloudflare account/);
  expect(out.slice(out.indexOf("\nhost runner"))).toBe(`
host runner owns nothing and fills replicas

  job             kind     schedule  next three runs, UTC
  replica-spaces  replica  04:40     Tue 2026-11-24 04:50, Wed 2026-11-25 04:50, Thu 2026-11-26 04:50
  replica-r2      replica  04:40     Tue 2026-11-24 04:40, Wed 2026-11-25 04:40, Thu 2026-11-26 04:40

  later than written, so that no two start together: replica-spaces
`);
  expect(out).not.toContain("root on runner reaches both");
});

it("advises against filling a replica at Spaces from the host that owns the data; a lock needs no advice", async () => {
  const out = await check("shop");
  const advice = out.split("\n").filter((line) => line.includes("reaches both"));
  expect(advice).toEqual([
    "  replica of spaces: root on shop reaches both; let a host that owns nothing fill it (replica.on)",
  ]);
});
