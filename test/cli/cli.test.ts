import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { main } from "../../cli/main.js";
import type { HostReport } from "../../cli/check-report.js";
import type { Proof } from "../../plan/proof.js";
import { example } from "../settings/example.js";

const ROOT = join(import.meta.dirname, "../..");
let weak: string;

const JOBS = {
  orders: { kind: "postgres", database: "mydb", continuous: true },
  redis: { kind: "cache", reason: "sessions may be lost" },
  logs: { kind: "logs", paths: ["/var/log/caddy"], schedule: "30 4 * * 1-5" },
  month: { kind: "logs", paths: ["/var/log/shop"], schedule: "*-*-31 04:30" },
  code: { kind: "source", path: "/opt/app", schedule: "03:00" },
};

function stackFile(raw: object): string {
  return stringify({
    config: Object.fromEntries(Object.entries(raw).map(([key, v]) => [`granary:${key}`, v as unknown])),
  });
}

beforeAll(() => {
  weak = mkdtempSync(join(tmpdir(), "granary-"));
  const { spaces } = example().copies;
  writeFileSync(join(weak, "Pulumi.prod.yaml"), stackFile({ ...example(), copies: { spaces } }));
  writeFileSync(join(weak, "Pulumi.bad.yaml"), stackFile({ ...example(), copies: { box: { kind: "tape" } } }));
  writeFileSync(
    join(weak, "Pulumi.jobs.yaml"),
    stackFile({ ...example(), hosts: { shop: { ...example().hosts.shop, jobs: JOBS } } }),
  );
  writeFileSync(join(weak, "Pulumi.empty.yaml"), stackFile({ ...example(), hosts: {} }));
});
afterAll(() => {
  rmSync(weak, { recursive: true });
});

async function run(args: string[], directory = ROOT, color = false) {
  const said = { out: "", err: "" };
  const code = await main(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    color,
    directory,
    now: new Date("2026-11-23T23:59:00Z"),
  });
  return { code, ...said };
}

describe("granary", () => {
  it("helps", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^usage: granary <command> \[options\]\n\n {2}adopt +look at[^]*\n {2}check +show whether/);
  });

  it.each([
    [[], "no command given"],
    [["chekc"], 'unknown command "chekc"'],
    [["constructor"], 'unknown command "constructor"'],
    [["check", "--jsn"], "check: Unknown option '--jsn'"],
    [["check", "prod"], "check: Unexpected argument 'prod'"],
    [["check", "--stack", "../x"], 'check: bad stack name "../x"'],
  ])("%j is wrong usage: exit 64 and a way out", async (args, message) => {
    const { code, out, err } = await run(args);
    expect([code, out]).toEqual([64, ""]);
    expect(err).toContain(message);
    expect(err).toMatch(/see `granary (check )?--help`\n$/);
  });

  it("runs as a program", () => {
    const env = { PATH: process.env["PATH"] };
    const out = execFileSync(join(ROOT, "cli/granary.js"), ["check", "--json"], { cwd: ROOT, env, encoding: "utf8" });
    expect((JSON.parse(out) as Proof).ok).toBe(true);
  });
});

describe("granary check", () => {
  it("prints the proof as a table", async () => {
    const { code, out } = await run(["check"]);
    expect(code).toBe(0);
    expect(out).toBe(`host shop keeps the 3-2-1 rule

  copy        provider      country         medium        can be destroyed by
  production  hetzner       DE              server disk   root on the host, the hetzner account
  spaces      digitalocean  DE              object store  root on the host (its key may delete versions), the digitalocean account
  r2          cloudflare    western Europe  object store  the cloudflare account (it can remove the lock)
  box         hetzner       FI              ZFS box       the hetzner account

  rule                       holds      found
  3 copies                   yes        4: production, spaces, r2, box
  2 media                    yes        3: server disk, object store, ZFS box
  1 off-site                 yes        spaces (digitalocean, DE), r2 (cloudflare, western Europe), box (hetzner, FI)
  1 out of the host's reach  yes        r2 (locked for 30 days), box (10 daily snapshots)
  0 errors                   not known  not known: no restore has been looked at

to do:
  0 errors: restore one: \`npx granary drill shop --identity FILE\`

  job       kind         schedule   next three runs, UTC
  orders    postgres     03:00      Tue 2026-11-24 03:00, Wed 2026-11-25 03:00, Thu 2026-11-26 03:00
  orders    base backup  Sun 02:00  Sun 2026-11-29 02:00, Sun 2026-12-06 02:00, Sun 2026-12-13 02:00
  media     files        03:20      Tue 2026-11-24 03:20, Wed 2026-11-25 03:20, Thu 2026-11-26 03:20
  configs   configs      03:10      Tue 2026-11-24 03:10, Wed 2026-11-25 03:10, Thu 2026-11-26 03:10
  logs      logs         weekly     Mon 2026-11-30 00:00, Mon 2026-12-07 00:00, Mon 2026-12-14 00:00
  code      source       02:40      Tue 2026-11-24 02:40, Wed 2026-11-25 02:40, Thu 2026-11-26 02:40
  sessions  cache        -          left out on purpose: a cache fills again by itself
`);
  });

  it("shows every job's next runs, what was moved, and what is left out", async () => {
    const { code, out } = await run(["check", "--stack", "jobs"], weak);
    expect(code).toBe(0);
    expect(out.slice(out.indexOf("\n  job "))).toBe(`
  job     kind         schedule      next three runs, UTC
  orders  postgres     03:00         Tue 2026-11-24 03:10, Wed 2026-11-25 03:10, Thu 2026-11-26 03:10
  orders  base backup  Sun 02:00     Sun 2026-11-29 02:00, Sun 2026-12-06 02:00, Sun 2026-12-13 02:00
  redis   cache        -             left out on purpose: sessions may be lost
  logs    logs         30 4 * * 1-5  Tue 2026-11-24 04:30, Wed 2026-11-25 04:30, Thu 2026-11-26 04:30
  month   logs         *-*-31 04:30  Thu 2026-12-31 04:40, Sun 2027-01-31 04:40, Wed 2027-03-31 04:40
  code    source       03:00         Tue 2026-11-24 03:00, Wed 2026-11-25 03:00, Thu 2026-11-26 03:00

  later than written, so that no two start together: orders, month
`);
    const report = JSON.parse((await run(["check", "--stack", "jobs", "--json"], weak)).out) as { hosts: HostReport[] };
    expect(report.hosts[0]?.jobs.slice(0, 3)).toEqual([
      {
        ...{ job: "orders", kind: "postgres", schedule: "03:00", moved: true },
        next: ["2026-11-24T03:10:00.000Z", "2026-11-25T03:10:00.000Z", "2026-11-26T03:10:00.000Z"],
      },
      {
        ...{ job: "orders", kind: "base backup", schedule: "Sun 02:00", moved: false },
        next: ["2026-11-29T02:00:00.000Z", "2026-12-06T02:00:00.000Z", "2026-12-13T02:00:00.000Z"],
      },
      {
        ...{ job: "redis", kind: "cache", moved: false, next: [] },
        leftOut: "left out on purpose: sessions may be lost",
      },
    ]);
  });

  it("exits 1 with the remedies when the rule is broken", async () => {
    const { code, out } = await run(["check"], weak);
    expect(code).toBe(1);
    expect(out).toMatch(/^host shop BREAKS the 3-2-1 rule\n/);
    expect(out).toMatch(/\n {2}3 copies +NO +2: production, spaces\n/);
    expect(out).toContain("\n  3 copies: add an entry under granary:copies\n");
  });

  it("gives the same as JSON", async () => {
    const { code, out } = await run(["check", "--json"], weak);
    const { ok, hosts } = JSON.parse(out) as Proof;
    expect([code, ok, hosts[0]?.legs.map((l) => l.ok)]).toEqual([1, false, [false, true, true, false, undefined]]);
  });

  it("exits 1 with every problem of bad settings", async () => {
    const { code, out, err } = await run(["check", "--stack", "bad"], weak);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe(
      'granary check: 1 problem in the settings:\n  copies.box.kind: use kind: spaces, r2 or storageBox (got "tape")\n',
    );
  });

  it("says so when there is nothing to back up, and where no stack is", async () => {
    expect((await run(["check", "--stack", "empty"], weak)).out).toMatch(/^no hosts: nothing to back up/);
    expect((await run(["check", "--stack", "nil"], weak)).err).toContain(
      "choose one with --stack: bad, empty, jobs, prod",
    );
  });

  it("explains itself, and colours for a terminal only", async () => {
    expect((await run(["check", "--help"])).out).toMatch(/^usage: granary check \[--stack NAME\] \[--json\]\n/);
    expect((await run(["check"], ROOT, true)).out).toContain("\u001b[32mkeeps the 3-2-1 rule\u001b[0m");
  });
});
