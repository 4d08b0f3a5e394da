/** What is left after each failure, over several settings. Expected values are worked out by hand from docs/security.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CAREFUL, failuresOf } from "../../../plan/threats/failures.js";
import { fateOf, type Fate } from "../../../plan/threats/fate.js";
import { threatsOf } from "../../../plan/threats/matrix.js";
import { wayBack } from "../../../plan/threats/way-back.js";
import { parseSettings } from "../../../settings/parse.js";
import { readStackFile } from "../../../settings/stack-file.js";
import { ACCOUNT, example, HOST_KEY, RECIPIENTS } from "../../settings/example.js";

const ROOT = join(import.meta.dirname, "../../..");
const OTHER = "f".repeat(32);
const THIRD = "age1vnw6sjhkghn0pyh2p4cv3a379d2mgc755p45q0we5mk67lkycqeqn28ds5";

const files = { kind: "files", paths: ["/opt/uploads"], schedule: "03:20" };
const { spaces, r2, box } = example().copies;
const withJobs = (jobs: object) => ({ shop: { ...example().hosts.shop, jobs } });
const both = withJobs({ orders: { kind: "postgres", database: "mydb" }, media: files });
const blog = { ...example().hosts.shop, address: "203.0.113.11" };
const watch = { address: "203.0.113.12", hostKey: HOST_KEY, provider: "ovh", country: "FR", jobs: {} };

type Raw = Record<string, unknown>;
const matrix = (change: Raw, openLaptop = false, pairs = false) =>
  threatsOf(parseSettings({ ...example(), ...change }), { openLaptop, pairs });
const outcomes = (change: Raw) => matrix(change, false, true).hosts.find(({ host }) => host === "shop")!;

/** One failure, or two at once. */
function outcome(change: Raw, ...names: string[]) {
  const settings = parseSettings({ ...example(), ...change });
  const all = failuresOf(settings, "shop", CAREFUL);
  const found = names.map((name) => {
    const failure = all.find((one) => one.name === name);
    if (failure === undefined) throw new Error(`no failure "${name}" in ${all.map((one) => one.name).join(", ")}`);
    return failure;
  });
  const fate = fateOf(settings, "shop", found);
  return { ...fate, wayBack: wayBack("shop", fate) };
}

/** `r2 lock 1 d 30 d`: place, what saved it, age of the newest at worst, how far back. */
const told = ({ jobs }: Fate) =>
  Object.fromEntries(
    jobs.map(({ job, left }) => [
      job,
      left.map(
        ({ place, by, newestSeconds, reachDays, away }) =>
          `${place} ${by} ${+(newestSeconds / 86_400).toFixed(4)} d ${reachDays} d${away ? " later" : ""}`,
      ),
    ]),
  );
const reds = (change: Raw) =>
  matrix(change).hosts[0]!.singles.flatMap(({ red, failures }) => (red.length > 0 ? failures : []));

describe("the example stack", () => {
  const whole = threatsOf(parseSettings(readStackFile(ROOT, "prod")));

  it("has every failure once, and every pair of them once", () => {
    const { singles, pairs } = whole.hosts[0]!;
    expect(singles.map(({ failures }) => failures)).toEqual([
      ["shop destroyed"],
      ["root on shop"],
      ["outage of hetzner"],
      ["outage of digitalocean"],
      ["outage of cloudflare"],
      ["account at hetzner lost"],
      ["account at digitalocean lost"],
      ["account at cloudflare lost"],
      ["region DE lost"],
      ["region western Europe lost"],
      ["region FI lost"],
      ["laptop stolen"],
      ["identity 1 lost"],
      ["identity 2 lost"],
      ["passphrase lost"],
      ["administrator's mistake"],
    ]);
    expect(pairs).toHaveLength((16 * 15) / 2);
    expect(new Set(pairs.map(({ failures }) => failures.join())).size).toBe(120);
  });

  it("survives every single failure in full view, and says which two it does not", () => {
    const { singles, pairs } = whole.hosts[0]!;
    expect(singles.filter(({ red }) => red.length > 0)).toEqual([]);
    expect(singles.filter(({ wayBack }) => wayBack.length === 0)).toEqual([]);
    expect(whole.ok).toBe(false);
    const found = pairs
      .filter(({ red }) => red.length > 0)
      .map(({ failures, red }) => [failures.join(" + "), red.join()]);
    expect(Object.fromEntries(found)).toEqual({
      "root on shop + outage of hetzner": "media",
      "root on shop + account at hetzner lost": "media",
      "root on shop + region FI lost": "media",
      "outage of hetzner + laptop stolen": "media",
      "account at hetzner lost + laptop stolen": "media",
      "region FI lost + laptop stolen": "media",
      "laptop stolen + identity 2 lost": "orders,media,configs,logs,code",
      "identity 1 lost + identity 2 lost": "orders,configs,logs,code",
    });
    expect(pairs.filter(({ red, weaker }) => red.length > 0 && !weaker)).toEqual([]);
  });

  it("names pages, and headings in them, that there are", () => {
    const text = JSON.stringify(whole);
    const links = new Set(text.match(/docs\/[\w-]+\.md(#[\w-]+)?/g));
    expect(links.size).toBeGreaterThan(4);
    for (const link of links) {
      const [page, anchor] = link.split("#") as [string, string | undefined];
      const headings = readFileSync(join(ROOT, page), "utf8").match(/^#+ .*/gm) ?? [];
      const anchors = headings.map((line) =>
        line
          .replace(/^#+ /, "")
          .toLowerCase()
          .replace(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      expect([undefined, ...anchors], link).toContain(anchor);
    }
  });
});

describe("one failure leaves", () => {
  it.each<[string, Record<string, string[]>]>([
    [
      "shop destroyed",
      {
        orders: ["spaces itself 1 d 1830 d", "r2 itself 1 d 1830 d", "box itself 1 d 1830 d"],
        media: ["spaces itself 1 d 1830 d", "r2 itself 1 d 1830 d", "box itself 1 d 1830 d"],
      },
    ],
    // Versions go with the host's key; the lock holds 30 days, but no repository: its keys are older; the box has its snapshot.
    ["root on shop", { orders: ["r2 lock 1 d 30 d", "box snapshot 2 d 1830 d"], media: ["box itself 1 d 1830 d"] }],
    // The box's main account deletes the repository too.
    ["laptop stolen", { orders: ["r2 lock 1 d 30 d", "box snapshot 2 d 1830 d"], media: ["box snapshot 2 d 1830 d"] }],
    [
      "administrator's mistake",
      {
        orders: ["spaces versions 1 d 1830 d", "r2 lock 1 d 30 d", "box snapshot 2 d 1830 d"],
        media: ["spaces versions 1 d 1830 d", "box snapshot 2 d 1830 d"],
      },
    ],
    [
      "outage of hetzner",
      {
        orders: ["spaces itself 1 d 1830 d", "r2 itself 1 d 1830 d", "box itself 1 d 1830 d later"],
        media: ["spaces itself 1 d 1830 d", "r2 itself 1 d 1830 d", "box itself 1 d 1830 d later"],
      },
    ],
    [
      "account at cloudflare lost",
      {
        orders: ["spaces itself 1 d 1830 d", "box itself 1 d 1830 d"],
        media: ["spaces itself 1 d 1830 d", "box itself 1 d 1830 d"],
      },
    ],
    [
      "region DE lost",
      {
        orders: ["r2 itself 1 d 1830 d", "box itself 1 d 1830 d"],
        media: ["r2 itself 1 d 1830 d", "box itself 1 d 1830 d"],
      },
    ],
  ])("after %s", (failure, expected) => {
    expect(told(outcome({ hosts: both }, failure))).toEqual(expected);
  });

  it.each([
    ["shop destroyed", "gone"],
    ["outage of hetzner", "away"],
    ["outage of cloudflare", "stands"],
    ["account at hetzner lost", "gone"],
    ["region FI lost", "stands"],
    ["identity 1 lost", "stands"],
    ["passphrase lost", "stands"],
    ["laptop stolen", "gone"],
  ])("after %s production: %s", (failure, production) => {
    expect(outcome({}, failure).production).toBe(production);
  });
});

describe("settings that leave nothing", () => {
  it.each<[string, Raw, string[]]>([
    ["three companies", {}, []],
    [
      "one company for all",
      {
        copies: { box, near: { ...spaces, bucket: "kolonell-second" } },
        hosts: { shop: { ...example().hosts.shop, provider: "digitalocean" } },
      },
      [],
    ],
    [
      "one company but for the server",
      { copies: { one: spaces, two: { ...spaces, region: "ams3", bucket: "kolonell-second" } } },
      ["root on shop", "outage of digitalocean", "account at digitalocean lost", "laptop stolen"],
    ],
    [
      "one Cloudflare account twice",
      { copies: { one: r2, two: { ...r2, bucket: "kolonell-second", location: "enam" } } },
      ["outage of cloudflare", "account at cloudflare lost"],
    ],
    [
      "two Cloudflare accounts",
      { copies: { one: r2, two: { ...r2, accountId: OTHER, bucket: "kolonell-second", location: "enam" } } },
      ["outage of cloudflare"],
    ],
    [
      "one part of the world",
      { copies: { one: r2, two: { ...r2, accountId: OTHER, bucket: "kolonell-second" } } },
      ["outage of cloudflare", "region western Europe lost"],
    ],
    [
      "no lock and no snapshots",
      { copies: { spaces } },
      ["root on shop", "outage of digitalocean", "account at digitalocean lost", "region DE lost", "laptop stolen"],
    ],
    ["one recipient", { encryption: { recipients: RECIPIENTS.slice(0, 1) } }, ["laptop stolen", "identity 1 lost"]],
    // The repository at R2 is older than its lock, and nothing else is out of the host's reach.
    ["uploads without a box", { copies: { spaces, r2 }, hosts: both }, ["root on shop", "laptop stolen"]],
  ])("%s", (_name, change, expected) => {
    expect(reds(change)).toEqual(expected);
  });

  it("no copies at all", () => {
    const settings = { ...parseSettings(example()), copies: {} };
    const [one] = threatsOf(settings, { openLaptop: false, pairs: false }).hosts;
    expect(one!.singles.every(({ red, wayBack }) => red.join() === "orders" && wayBack.length === 0)).toBe(true);
    expect(one!.singles[0]!.remedy).toMatchObject({ what: expect.stringContaining("an r2 copy") as string });
  });

  it("no host that owns data is none that loses any", () => {
    const settings = { ...parseSettings(example()), hosts: {} };
    expect(threatsOf(settings)).toEqual({ ok: true, assumptions: { openLaptop: false }, hosts: [] });
  });
});

describe("identities and passwords", () => {
  it("any one of three identities is enough, whichever two are lost", () => {
    const change = { encryption: { recipients: [...RECIPIENTS, THIRD] } };
    for (const other of ["identity 2 lost", "identity 3 lost", "laptop stolen"])
      expect(outcome(change, "identity 1 lost", other).red).toEqual([]);
    expect(matrix(change, false, true).ok).toBe(true);
  });

  it("uploads open by the stack's password when no identity is left, artifacts do not", () => {
    expect(outcome({ hosts: both }, "identity 1 lost", "identity 2 lost").red).toEqual(["orders"]);
  });

  it("without the passphrase uploads open by the password that is sealed in a copy", () => {
    const { red, jobs } = outcome({ hosts: both }, "shop destroyed", "passphrase lost");
    expect(red).toEqual([]);
    expect(jobs[1]!.left).toHaveLength(3);
  });

  it("a mistake and a lost passphrase leave no sealed password at R2: nothing of uploads, which have no copy with versions", () => {
    const copies = { r2, two: { ...r2, accountId: OTHER, bucket: "kolonell-second" } };
    expect(outcome({ copies, hosts: both }, "administrator's mistake", "passphrase lost").red).toEqual(["media"]);
  });

  it("a sealed password that an outage hides opens uploads when it ends", () => {
    const change = { copies: { spaces, box }, hosts: both };
    const { red, jobs } = outcome(change, "outage of hetzner", "laptop stolen");
    expect(red).toEqual(["orders", "media"]);
    expect(jobs[1]!.left).toMatchObject([{ place: "box", away: true }]);
  });

  it("a password that nobody has opens nothing", () => {
    const change = { encryption: { recipients: RECIPIENTS.slice(0, 1) }, hosts: both };
    expect(told(outcome(change, "laptop stolen"))).toEqual({ orders: [], media: [] });
  });
});

describe("schedules and locks", () => {
  const orders = (more: object) => withJobs({ orders: { kind: "postgres", database: "mydb", ...more } });
  const short = { copies: { r2: { ...r2, lockDays: 3 }, spaces } };
  it.each<[string, Raw, string[]]>([
    [
      "a log: its base backups are within the lock",
      { hosts: orders({ continuous: true }) },
      ["r2 lock 0.0007 d 30 d", "box snapshot 1.0007 d 1830 d"],
    ],
    [
      "a log whose base backups are rarer than the lock is long: dumps",
      { ...short, hosts: orders({ continuous: true }) },
      ["r2 lock 1 d 3 d"],
    ],
    ["dumps rarer than the lock is long: nothing", { ...short, hosts: orders({ schedule: "weekly" }) }, []],
    [
      "six hours",
      { hosts: orders({ schedule: "*-*-* 00,06,12,18:00" }) },
      ["r2 lock 0.25 d 30 d", "box snapshot 1.25 d 1830 d"],
    ],
    [
      "office hours: the night is the gap",
      { hosts: orders({ schedule: "*-*-* 08,18:00" }) },
      ["r2 lock 0.5833 d 30 d", "box snapshot 1.5833 d 1830 d"],
    ],
    [
      "29 February",
      { copies: { box, r2 }, hosts: orders({ schedule: "*-02-29 04:00" }) },
      ["box snapshot 1462 d 1830 d"],
    ],
  ])("%s", (_name, change, expected) => {
    expect(told(outcome(change, "root on shop"))["orders"]).toEqual(expected);
  });

  it("MariaDB's log begins at its dumps", () => {
    const hosts = withJobs({ blog: { kind: "mariadb", database: "wordpress", continuous: true } });
    expect(told(outcome({ ...short, hosts }, "root on shop"))["blog"]).toEqual(["r2 lock 0.0007 d 3 d"]);
  });
});

describe("other hosts and replicas", () => {
  const replica = (on: string, from: object = spaces) => ({ ...from, replica: { region: "ams3", on } });
  const filled = { copies: { spaces: replica("watch"), r2, box }, hosts: { ...both, watch } };

  it("a host that owns no data fills a replica that root on the shop does not reach; it is a day behind", () => {
    expect(told(outcome(filled, "root on shop"))["media"]).toEqual([
      "box itself 1 d 1830 d",
      "spaces, replica itself 2 d 1830 d",
    ]);
    expect(outcome(filled, "root on shop", "account at hetzner lost")).toMatchObject({
      red: [],
      wayBack: expect.arrayContaining([
        "read the replica in its place: docs/replication.md#restoring-from-a-replica",
      ]) as string[],
    });
  });

  it("root on that host reaches the replica alone", () => {
    const { jobs, production } = outcome(filled, "root on watch");
    expect([production, jobs[0]!.left.map(({ place }) => place)]).toEqual(["stands", ["spaces", "r2", "box"]]);
  });

  it("a replica that the shop itself fills falls with it", () => {
    const own = { copies: { spaces: replica("shop"), r2, box }, hosts: both };
    expect(told(outcome(own, "root on shop"))["media"]).toEqual(["box itself 1 d 1830 d"]);
  });

  it("a replica at R2 stands by its lock", () => {
    const locked = { ...r2, replica: { location: "enam", on: "shop" } };
    expect(told(outcome({ copies: { r2: locked, spaces }, hosts: both }, "root on shop"))).toEqual({
      orders: ["r2 lock 1 d 30 d", "r2, replica lock 2 d 30 d"],
      media: [],
    });
  });

  it("another host's key reaches the whole of a bucket, and not this host's part of the box", () => {
    const two = { hosts: { ...both, blog } };
    const { jobs, production } = outcome(two, "root on blog");
    expect(production).toBe("stands");
    expect(jobs[0]!.left.map(({ place, by }) => `${place} ${by}`)).toEqual(["r2 lock", "box itself"]);
  });

  it("of many hosts one stands for all", () => {
    const many = { hosts: { ...both, blog, forum: { ...blog, address: "203.0.113.13" } } };
    const names = matrix(many).hosts[0]!.singles.flatMap(({ failures }) =>
      failures.filter((name) => name.startsWith("root")),
    );
    expect(names).toEqual(["root on shop", "root on another host"]);
  });

  it("buckets of uploads that the shop writes itself are no copies", () => {
    const replica = { kind: "r2", accountId: ACCOUNT, bucket: "kolonell-images-copy" };
    const uploads = { images: { kind: "spaces", region: "fra1", bucket: "kolonell-images", replica } };
    expect(outcome({ uploads }, "shop destroyed").jobs[0]!.left).toHaveLength(3);
  });
});

describe("two at once", () => {
  it("is weaker when less is left than after either", () => {
    const { pairs } = outcomes({ hosts: both });
    const weaker = (one: string, other: string) =>
      pairs.find(({ failures }) => failures.includes(one) && failures.includes(other))?.weaker;
    // No box, so 30 days; no R2, so a day older; both hit what the other had left alone.
    expect(weaker("root on shop", "account at hetzner lost")).toBe(true);
    expect(weaker("root on shop", "account at cloudflare lost")).toBe(true);
    expect(weaker("shop destroyed", "account at cloudflare lost")).toBe(false);
    expect(weaker("root on shop", "identity 1 lost")).toBe(false);
  });

  it("follows when one is red by itself", () => {
    const { pairs } = outcomes({ copies: { spaces, r2 }, hosts: both });
    const following = pairs.filter(({ follows }) => follows);
    expect(
      following.every(({ failures }) => failures.includes("root on shop") || failures.includes("laptop stolen")),
    ).toBe(true);
    expect(following.length).toBeGreaterThan(20);
  });

  it("is left out when only single failures are asked about", () => {
    expect(matrix({}).hosts[0]!.pairs).toEqual([]);
    expect([matrix({}).ok, matrix({}, false, true).ok]).toEqual([true, false]);
  });
});

describe("remedies", () => {
  const remedy = (change: Raw, ...names: string[]) => {
    const { singles, pairs } = outcomes(change);
    return [...singles, ...pairs].find(({ failures }) => failures.join() === names.join())?.remedy;
  };

  it.each<[string, Raw, string[], RegExp, number]>([
    [
      "an identity costs nothing",
      { encryption: { recipients: RECIPIENTS.slice(0, 1) } },
      ["identity 1 lost"],
      /^one more identity/,
      0,
    ],
    [
      "a longer lock holds a weekly dump",
      {
        copies: { r2: { ...r2, lockDays: 3 }, spaces },
        hosts: withJobs({ orders: { kind: "postgres", database: "mydb", schedule: "weekly" } }),
      },
      ["root on shop"],
      /^a longer lock/,
      0,
    ],
    // 5 dollars are included anyway: the second bucket at DigitalOcean is cheaper than a box, but not out of the host's reach.
    [
      "uploads need the box, which nothing else replaces",
      { copies: { spaces, r2 }, hosts: both },
      ["root on shop"],
      /^a storage box/,
      4,
    ],
    [
      "a replica that another host fills, with its server",
      { hosts: both },
      ["root on shop", "account at hetzner lost"],
      /^a replica of spaces, filled by a host that owns no data/,
      4.56,
    ],
    [
      "two changes where one is not enough",
      {
        copies: { spaces, two: { ...spaces, region: "ams3", bucket: "kolonell-second" } },
        encryption: { recipients: RECIPIENTS.slice(0, 1) },
      },
      ["laptop stolen"],
      /^one more identity.*, and an r2 copy/,
      0.74,
    ],
  ])("%s", (_name, change, failures, what, eur) => {
    const found = remedy(change, ...failures);
    expect(found?.what).toMatch(what);
    expect(found?.eurPerMonth).toBeCloseTo(eur, 1);
  });

  it("is another region where the only one is lost", () => {
    const copies = { r2, two: { ...r2, accountId: OTHER, bucket: "kolonell-second" } };
    expect(remedy({ copies }, "region western Europe lost")?.what).toContain("location: enam");
  });

  it("there is none when thieves hold every token", () => {
    const [one] = matrix({}, true).hosts;
    const stolen = one!.singles.find(({ kinds }) => kinds[0] === "laptop")!;
    expect([stolen.failures, stolen.red, stolen.remedy, stolen.wayBack]).toEqual([
      ["laptop stolen, with open shells"],
      ["orders"],
      undefined,
      [],
    ]);
  });
});
