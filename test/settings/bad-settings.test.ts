import { describe, expect, it } from "vitest";
import { SettingsError, type Problem } from "../../settings/errors.js";
import { parseSettings } from "../../settings/parse.js";
import { ACCOUNT, ECDSA_KEY, example, HOST_KEY, RECIPIENTS, spoiled } from "./example.js";

function problems(raw: unknown): Problem[] {
  try {
    parseSettings(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const SECRET = "(secret, not shown)";
const PEM = "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjEAAAAA";
const IDENTITY = "AGE-SECRET-KEY-1QQPPZZRRYY99XX88GG";
const SHOP = example().hosts.shop;
const JOB = "hosts.shop.jobs.orders";
const EMAIL = { server: "smtps://mail.example", from: "granary@shop.example", to: ["owner@shop.example"] };
const PAGE = { kind: "spaces", region: "fra1", bucket: "kolonell-backups" };
const flipped = RECIPIENTS[0]?.replace("18h2", "18h3");
const cut = HOST_KEY.slice(0, -8);

/** What is written where; where the problem is said to be (when elsewhere), the value shown, part of the remedy. */
const CASES: [path: string, written: unknown, value: string, remedy: string, at?: string][] = [
  ["encryption", undefined, "nothing", "is missing: give encryption as a map of: recipients"],
  ["encryption.recipients", [], "a list of 0", "nobody could decrypt: make a key pair with `npx granary keygen"],
  ["encryption.recipients", "age1x", '"age1x"', "give a list of age public keys"],
  ["encryption.recipients", [RECIPIENTS[0], RECIPIENTS[0]], "a list of 2", "list each once"],
  ["encryption.recipients.0", IDENTITY, SECRET, "treat it as leaked"],
  ["encryption.recipients.0", flipped, `"${flipped}"`, "a character is wrong or missing: copy it again"],
  ["encryption.recipients.0", "age1 b", '"age1 b"', "a character is wrong or missing"],
  ["encryption.recipients.0", "age1qqq", '"age1qqq"', "a character is wrong or missing"],
  ["encryption.recipients.0", "recipient", '"recipient"', "a character is wrong or missing"],
  ["encryption.recipients.0", "a12uel5l", '"a12uel5l"', "the hosts' age knows no plugins"],
  ["encryption.recipients.0", HOST_KEY, `"${HOST_KEY}"`, "SSH keys are not taken as recipients"],
  ["encryption.recipients.0", 7, "7", "make a key pair with `npx granary keygen"],
  ["encryption.recipiens", [], "a list of 0", "unknown setting; encryption has: recipients"],
  ["backups", true, "true", "unknown setting; the settings has: encryption, copies, hosts, retention"],
  ["copies", undefined, "nothing", "give copies as a map from names to settings"],
  ["copies.local", { kind: "storageBox" }, "a map", "and not local"],
  ["copies.my-box", { kind: "storageBox" }, "a map", "use 1-20 lower-case letters and digits"],
  ["copies.spaces.kind", "s3", '"s3"', "use kind: spaces, r2 or storageBox"],
  ["copies.spaces.region", "fra2", '"fra2"', "use a Spaces region: ams3, atl1, blr1, fra1, lon1"],
  ["copies.spaces.bucket", "Kolonell_Backups", '"Kolonell_Backups"', "use 3-63 lower-case letters, digits and hyphens"],
  ["copies.spaces.bucket", "kolonell.backups", '"kolonell.backups"', "use 3-63 lower-case letters"],
  ["copies.spaces.bucket", "b".repeat(64), `"${"b".repeat(64)}"`, "use 3-63 lower-case letters"],
  ["copies.spaces.bucket", "b".repeat(101), `"${"b".repeat(100)}…"`, "use 3-63 lower-case letters"],
  ["copies.spaces.bucket", "kolonell-", '"kolonell-"', "a letter or digit at both ends"],
  ["copies.spaces.bucket", undefined, "nothing", "is missing: use 3-63 lower-case letters"],
  ["recovery", {}, "nothing", "is missing: use the name of a host", "recovery.host"],
  [
    "recovery",
    { host: "web", since: "2026-11-23T18:00:00Z", dns: "203.0.113.9", sells: false },
    '"web"',
    "no such host: if that recovery is over",
    "recovery.host",
  ],
  [
    "recovery",
    { host: "shop", since: "yesterday", dns: "203.0.113.9", sells: false },
    '"yesterday"',
    "use a time such as 2026-11-23T18:00:00Z",
    "recovery.since",
  ],
  [
    "recovery",
    { host: "shop", since: "2026-11-23T18:00:00Z", dns: "a b" },
    '"a b"',
    "give the server's IP address or DNS name",
    "recovery.dns",
  ],
  ["statusPage", { ...PAGE, public: true }, "true", "has: kind, region, bucket", "statusPage.public"],
  ["statusPage", PAGE, '"kolonell-backups"', "the name of the bucket of copy spaces", "statusPage.bucket"],
  ["statusPage", {}, "nothing", "use kind: spaces or r2", "statusPage.kind"],
  ["alerts", {}, "nothing", "is missing: give alerts.email as a map of: server, from, to, user", "alerts.email"],
  ["alerts.email", { ...EMAIL, password: "x" }, SECRET, "secrets are set with `pulumi", "alerts.email.password"],
  ["alerts.email", { ...EMAIL, server: "mail" }, '"mail"', "use smtps://HOST", "alerts.email.server"],
  ["alerts.email", { ...EMAIL, server: "smtps://u:p@m" }, SECRET, "without a user", "alerts.email.server"],
  ["alerts.email", { ...EMAIL, from: "a b@c" }, '"a b@c"', "use an e-mail address alone", "alerts.email.from"],
  [
    "alerts.email",
    { ...EMAIL, from: "a@b\nBcc: c@d" },
    '"a@b\\nBcc: c@d"',
    "use an e-mail address",
    "alerts.email.from",
  ],
  ["alerts.email", { ...EMAIL, to: [] }, "a list of 0", "nobody would be told", "alerts.email.to"],
  ["alerts.email", { ...EMAIL, to: ["*@b"] }, '"*@b"', "use an e-mail address alone", "alerts.email.to.0"],
  ["alerts.email", { ...EMAIL, to: Array(11).fill("a@b") }, "a list of 11", "at most 10", "alerts.email.to"],
  ["alerts.email", { ...EMAIL, user: "a:b" }, '"a:b"', "without spaces, colons", "alerts.email.user"],
  ["drill", {}, "nothing", "could not log in on the staging server of a drill", "ssh.publicKey"],
  ["drill", true, "true", "give drill as a map of: server, keep, images, copyOrder"],
  [
    "drill.images",
    { orders: "post gres" },
    '"post gres"',
    "use an image as `docker pull` takes it",
    "drill.images.orders",
  ],
  ["drill.keep", "yes", '"yes"', "use true or false"],
  ["drill.server.type", "cx11", '"cx11"', "use a type Hetzner still sells"],
  ["drill.copyOrder", "r2", '"r2"', "use a list of names of copies that are buckets"],
  ["drill.copyOrder", [], "a list of 0", "use a list of names of copies that are buckets"],
  ["drill.copyOrder", [7], "7", "use a list of names of copies that are buckets", "drill.copyOrder.0"],
  ["copies.spaces.mirror", {}, "a map", "a spaces copy has: kind, region, bucket, endpoint, replica"],
  ["copies.spaces.endpoint", "https://a:b@x", SECRET, "leave it out for the vendor's own endpoint"],
  ["copies.spaces.secretKey", "x", SECRET, "secrets are set with `pulumi config set --secret`"],
  [
    "copies.two",
    { kind: "spaces", region: "fra1", bucket: "kolonell-backups" },
    '"kolonell-backups"',
    "the same bucket as copy spaces: two copies need two buckets",
    "copies.two.bucket",
  ],
  [
    "copies.two",
    { kind: "r2", accountId: ACCOUNT, bucket: "kolonell-archive" },
    '"kolonell-archive"',
    "the same bucket as copy r2",
    "copies.two.bucket",
  ],
  ["copies.two", { kind: "storageBox" }, '"storageBox"', "use one box and another kind", "copies.two.kind"],
  ["copies.r2.accountId", "abc", '"abc"', "32 hexadecimal digits"],
  ["copies.r2.location", "fra1", '"fra1"', "use an R2 location: weur, eeur, wnam, enam, apac, oc"],
  ["copies.r2.jurisdiction", "fr", '"fr"', "use an R2 jurisdiction: default, eu, fedramp"],
  [
    "copies.r2",
    { kind: "r2", accountId: ACCOUNT, bucket: "abc", jurisdiction: "eu", location: "wnam" },
    '"wnam"',
    "use weur or eeur",
    "copies.r2.location",
  ],
  ["copies.r2.lockDays", 31, "31", "use at most 30, or keep backups longer"],
  ["copies.r2.lockDays", 0, "0", "use a whole number of days from 1 to 3650"],
  ["copies.r2.infrequentAccessAfterDays", 343, "343", "use at most 342, or a larger retention.monthlyMonths"],
  ["retention.monthlyMonths", 1, "30", "use at most 1, or a larger", "copies.r2.infrequentAccessAfterDays"],
  [
    "retention.dailyDays",
    14,
    "30",
    "(dailyDays 14, monthlyMonths 12, annualYears 5) and would stop it: use at most 14",
    "copies.r2.lockDays",
  ],
  ["retention.dailyDays", "30", '"30"', "use a whole number of days from 1 to 3650"],
  ["retention.localDays", 1.5, "1.5", "use a whole number of days from 1 to 365"],
  ["retention.weeklyDays", 7, "7", "retention has: dailyDays, monthlyMonths, annualYears, localDays"],
  ["copies.box.type", "bx12", '"bx12"', "use a Storage Box type: bx11, bx21, bx31, bx41"],
  ["copies.box.location", "fra1", '"fra1"', "use a Hetzner location: ash, fsn1, hel1, hil, nbg1, sin"],
  [
    "copies.box.snapshots",
    { keep: 11 },
    "11",
    "a bx11 keeps 10 automatic snapshots: use at most 10, or a larger type",
    "copies.box.snapshots.keep",
  ],
  ["copies.box.snapshots.hourUtc", 24, "24", "use a whole number of hour from 0 to 23"],
  ["copies.box.hostKey", "box.example AAAA", '"box.example AAAA"', "must start with a key type (ssh-ed25519,"],
  ["hosts", undefined, "nothing", "give hosts as a map from names to settings"],
  ["hosts.Shop", SHOP, "a map", "use 1-31 lower-case letters, digits and hyphens"],
  ["hosts.shop", null, "nothing", "give a host that exists as a map of: jobs, app, sshPort, address"],
  ["hosts.shop.address", "https://shop.example", '"https://shop.example"', "not a URL"],
  ["hosts.shop.address", "root@shop.example", '"root@shop.example"', "no user: the program logs in as root"],
  ["hosts.shop.address", "shop.example:22", '"shop.example:22"', "put it under sshPort"],
  ["hosts.shop.address", "203.0.113.300", '"203.0.113.300"', "give the server's IP address or DNS name"],
  ["hosts.shop.address", PEM, SECRET, "treat it as leaked"],
  ["hosts.shop.address", undefined, "nothing", "is missing: give the server's IP address or DNS name"],
  ["hosts.shop.hostKey", undefined, "nothing", "is missing: read it with `ssh-keyscan -t ed25519"],
  ["hosts.shop.hostKey", PEM, SECRET, "this is a private key: treat it as leaked"],
  ["hosts.shop.hostKey", cut, `"${cut}"`, "cut short or has a wrong character"],
  ["hosts.shop.hostKey", "ssh-ed25519", '"ssh-ed25519"', "cut short or has a wrong character"],
  [
    "hosts.shop.hostKey",
    ECDSA_KEY.replace("nistp256 ", "nistp384 "),
    `"${ECDSA_KEY.replace("nistp256 ", "nistp384 ").slice(0, 100)}…"`,
    'of another type than "ecdsa-sha2-nistp384"',
  ],
  ["hosts.shop.provider", "Hetzner", '"Hetzner"', "name in lower case"],
  ["hosts.shop.provider", "do", '"do"', "use the name the copies go by: digitalocean"],
  ["hosts.shop.country", "UK", '"UK"', "e.g. DE, SN, GB (not UK)"],
  ["hosts.shop.sshPort", 0, "0", "use a whole number of TCP port from 1 to 65535"],
  ["hosts.shop.jobs", {}, "a map", "add a job, or remove the host"],
  [
    "hosts.shop",
    { server: {}, sshPort: 2222, jobs: SHOP.jobs },
    "2222",
    "which the program makes",
    "hosts.shop.sshPort",
  ],
  ["hosts.shop.server", {}, '"203.0.113.10"', "which the program makes", "hosts.shop.address"],
  [
    "hosts.new",
    { server: { type: "cx22" }, jobs: SHOP.jobs },
    '"cx22"',
    "cx23, cx33, cx43, cx53 or a cpx",
    "hosts.new.server.type",
  ],
  [
    "hosts.new",
    { server: { location: "fra1" }, jobs: SHOP.jobs },
    '"fra1"',
    "use a Hetzner location",
    "hosts.new.server.location",
  ],
  [
    "hosts.new",
    { server: { image: "centos-7" }, jobs: SHOP.jobs },
    '"centos-7"',
    "use an image: debian-12",
    "hosts.new.server.image",
  ],
  ["hosts.twin", SHOP, '"203.0.113.10"', "put the jobs of both under one host", "hosts.twin.address"],
  ["hosts.shop.jobs.Orders", SHOP.jobs.orders, "a map", "use 1-31 lower-case letters"],
  [`${JOB}.kind`, "mongodb", '"mongodb"', "use kind: postgres"],
  [`${JOB}.database`, "dbname=x", '"dbname=x"', "as `psql -l` shows it"],
  [`${JOB}.container`, "x", '"x"', "as `docker ps` shows it"],
  [`${JOB}.user`, "", '""', "1-63 letters, digits"],
  [`${JOB}.schedule`, "24:00", '"24:00"', "there is no hour 24: use 0 to 23"],
  [`${JOB}.schedule`, 180, "180", 'in quotes: "03:00"'],
  [`${JOB}.password`, "hunter2", SECRET, "secrets are set with `pulumi config set --secret`"],
  [
    "hosts.shop.jobs.twice",
    SHOP.jobs.orders,
    '"mydb"',
    "job orders backs up this database already: remove one",
    "hosts.shop.jobs.twice.database",
  ],
];

describe("bad settings", () => {
  it("starts from an example that is right", () => {
    expect(problems(example())).toEqual([]);
  });

  it.each(CASES)("%s: %j", (path, written, value, remedy, at = path) => {
    const found = problems(spoiled(path, written)).find((p) => p.path === at);
    expect(found?.value).toBe(value);
    expect(found?.message).toContain(remedy);
  });

  it("asks for the key that opens a server the program makes", () => {
    const [problem] = problems(spoiled("hosts.shop", { server: {}, jobs: SHOP.jobs }));
    expect(problem).toMatchObject({ path: "ssh.publicKey", value: "nothing" });
    expect(problem?.message).toContain("the server it makes for host shop; give the public half of your SSH key");
  });

  it("finds every problem at once", () => {
    const raw = { ...example(), encryption: {}, hosts: {}, copies: { box: { kind: "storageBox", type: "x" } } };
    expect(problems(raw).map((p) => p.path)).toEqual(["encryption.recipients", "copies.box.type"]);
  });

  it("speaks of the settings as a whole when they are no map", () => {
    expect(problems(undefined)[0]).toMatchObject({ path: "(settings)", value: "nothing" });
  });

  it("puts path, remedy and value on a line each problem", () => {
    expect(() => parseSettings(spoiled("hosts.shop.country", "UK"))).toThrow(
      '1 problem in the settings:\n  hosts.shop.country: use the two-letter ISO code of the country the server stands in, e.g. DE, SN, GB (not UK) (got "UK")',
    );
    expect(() => parseSettings({})).toThrow("3 problems in the settings:");
  });

  const SPOTS = [
    "encryption.recipients.0",
    "encryption",
    "copies.spaces.bucket",
    "copies.spaces",
    "copies.r2.accountId",
    "hosts.shop.address",
    "hosts.shop.hostKey",
    "hosts.shop.country",
    `${JOB}.database`,
    `${JOB}.schedule`,
    "retention.dailyDays",
    "surprise",
  ];
  const MARK = "planted0marker0planted0marker";
  it.each(SPOTS)("never shows a secret planted at %s", (path) => {
    for (const secret of [
      `AGE-SECRET-KEY-1${MARK}`,
      `-----BEGIN EC PRIVATE KEY-----\n${MARK}`,
      `https://user:${MARK}@host`,
      { token: MARK },
      [MARK],
    ]) {
      const found = problems(spoiled(path, secret));
      expect(found.length).toBeGreaterThan(0);
      expect(new SettingsError(found).message).not.toContain(MARK);
    }
  });

  it("never shows a secret written as a name", () => {
    const error = new SettingsError(problems(spoiled(`copies.AGE-SECRET-KEY-1${MARK}`, 1)));
    expect(error.message).toContain("copies.(secret, not shown)");
    expect(error.message).not.toContain(MARK);
  });
});

describe("a drill", () => {
  const withOrder = (copyOrder: string[], copies: unknown = example().copies) => ({
    ...{ ...example(), copies, ssh: { publicKey: HOST_KEY }, drill: { copyOrder } },
  });
  it("reads buckets of the settings, each once", () => {
    expect(problems(withOrder(["r2", "spaces"]))).toEqual([]);
    expect(problems(withOrder(["r2", "box", "r2"]))).toEqual([
      { path: "drill.copyOrder.1", value: '"box"', message: "is no bucket among the copies: use spaces, r2" },
      { path: "drill.copyOrder.2", value: '"r2"', message: "is there twice: name each copy once" },
    ]);
    expect(problems(withOrder(["box"], { box: { kind: "storageBox" } }))[0]?.message).toBe(
      "is no bucket among the copies: use none, and add one",
    );
  });
});

describe("an annual backup that is kept shorter than a monthly one", () => {
  it("is the shortest for locks and transitions too", () => {
    const raw = spoiled("retention", { dailyDays: 400, monthlyMonths: 24, annualYears: 1 });
    Object.assign((raw as ReturnType<typeof example>).copies.r2, { lockDays: 367, infrequentAccessAfterDays: 337 });
    expect(() => parseSettings(raw)).toThrow(
      /annualYears 1\) and would stop it: use at most 366, .*\n.*use at most 336, or a larger retention.annualYears/,
    );
  });
});
