/**
 * The recovery kit followed to the letter: backups that the real scripts made in an object store come back by the commands
 * on the page, with age, rclone, restic, git and PostgreSQL's programs, and with no file of Granary.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keygen, path, type Cluster } from "../scripts/harness.js";
import { listing } from "../scripts/repository.js";
import { S3Stub } from "../scripts/s3-stub.js";
import { Continuous, server, shopCluster } from "../scripts/wal.js";
import { ACCESS, envOf, Page, settingsWith, typed } from "./kit-page.js";

const JOBS = {
  orders: { kind: "postgres", database: "shop", continuous: true },
  media: { kind: "files", paths: ["/opt/uploads"] },
  configs: { kind: "configs", paths: ["/opt/configs"] },
  code: { kind: "source", path: "/opt/app" },
};
const ANSWERS = [ACCESS.accessKeyId, ACCESS.secretAccessKey];
const START = ["A place, and the identity", "A way in to copy r2", "Server shop, from copy r2"];
const CONTENT = "SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o";

let cluster: Cluster;
let host: Continuous;
let s3: S3Stub;
let page: Page;
let home: string;
let env: Record<string, string>;
let orders: { content: string; asked: number };

const at = (name: string): string => join(host.root, name);
const git = (dir: string, ...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=Shop", "-c", "user.email=shop@shop.example", "-C", dir, ...args], {
    encoding: "utf8",
  }).trim();

function belongings(): void {
  for (const dir of ["opt/uploads/2026", "opt/configs/sub", "opt/app"]) mkdirSync(at(dir), { recursive: true });
  writeFileSync(at("opt/uploads/2026/photo.jpg"), "photo ".repeat(2000));
  writeFileSync(at("opt/uploads/ünï côde"), "x");
  writeFileSync(at("opt/configs/.env"), "PASSWORD=planted\n", { mode: 0o600 });
  writeFileSync(at("opt/configs/sub/Caddyfile"), "shop.example {\n}\n");
  git(at("opt/app"), "init", "-q", "-b", "main");
  writeFileSync(at("opt/app/index.html"), "one");
  git(at("opt/app"), "add", ".");
  git(at("opt/app"), "commit", "-q", "-m", "one");
  git(at("opt/app"), "tag", "v1");
  git(at("opt/app"), "branch", "feature");
}

/** Runs every job of the host once, as its timers would, and its log; the bucket then has everything. */
async function backUp(settings: ReturnType<typeof settingsWith>): Promise<void> {
  for (const job of Object.keys(JOBS)) {
    const text = Object.entries(envOf(settings, job, { r2: ACCESS })).map(([key, value]) => `${key}=${value}\n`);
    if (job !== "orders") writeFileSync(at(`etc/granary/${job}.env`), text.join(""), { mode: 0o600 });
  }
  host.env = { ...envOf(settings, "orders", { r2: ACCESS }), GRANARY_WAL_INTERVAL: "1", GRANARY_BASE_RETRY: "1" };
  host.writeEnv();
  host.startService();
  await host.stateIs((state) => state.ok);
  for (const job of Object.keys(JOBS)) {
    const { code, stderr } = await host.run("granary-backup", [job]);
    expect(code, stderr).toBe(0);
  }
}

beforeAll(async () => {
  s3 = new S3Stub("archive", ACCESS.accessKeyId);
  const keys = keygen();
  const settings = settingsWith(await s3.listen(), keys.recipient, JOBS);
  cluster = shopCluster();
  cluster.sql("postgres", "CREATE ROLE seller LOGIN PASSWORD 'x'; ALTER DATABASE shop OWNER TO seller");
  cluster.sql(
    "shop",
    `INSERT INTO orders (note) SELECT md5(g::text) FROM generate_series(1, 3000) g;
    CREATE TABLE "Odd ""one" (a int); INSERT INTO "Odd ""one" VALUES (1), (2); ALTER TABLE orders OWNER TO seller`,
  );
  host = new Continuous(cluster);
  belongings();
  await backUp(settings);
  orders = { content: cluster.sql("shop", CONTENT), asked: 0 };
  // After the dump: only the log has these.
  cluster.sql("shop", "INSERT INTO orders (note) SELECT 'late' FROM generate_series(1, 500)");
  await host.shipped("r2");
  await host.stopService();
  cluster.sql("postgres", "DROP DATABASE shop; DROP ROLE seller");
  orders.asked = s3.requests.length;
  page = new Page(settings);
  home = at("elsewhere");
  mkdirSync(home);
  writeFileSync(join(home, "identity-owner.txt"), keys.identity, { mode: 0o600 });
  env = { PATH: path, HOME: home, PGHOST: cluster.dir, RCLONE_CONFIG: "/dev/null", LC_ALL: "C.UTF-8" };
}, 240_000);
afterAll(async () => {
  await host.stopService();
  host.close();
  cluster.close();
  s3.close();
});

describe("the recovery kit, followed by hand", () => {
  it("finds the identity to be one of the page, and the copy", async () => {
    const { stdout } = await typed(page.commands(...START.slice(0, 2)), ANSWERS, env);
    const [recipient = "", ...rest] = stdout.trim().split("\n");
    expect(page.html).toContain(recipient);
    expect(rest.sort()).toEqual(["base/", "daily/", "files/", "monthly/", "annual/", "wal/"].sort());
  });

  it("brings a database back, with its roles, and counts it", async () => {
    await typed(page.commands(...START, "orders: the PostgreSQL database"), ANSWERS, env);
    expect(cluster.sql("shop", CONTENT)).toBe(orders.content);
    expect(cluster.sql("postgres", "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'")).toBe(
      "seller",
    );
    const rows = readFileSync(join(home, "back/shop-orders/rows"), "utf8").trim().split("\n").sort();
    expect(rows).toEqual(['public."Odd ""one" 2 2', "public.orders 3000 3000"]);
    expect(execFileSync("ls", [join(home, "back/shop-orders")], { encoding: "utf8" })).not.toMatch(/\.(dump|sql)$/m);
  });

  it("brings files back from restic with the password that lies beside the repository", async () => {
    await typed(page.commands(...START, "media: files"), ANSWERS, env);
    const restored = join(home, "back/shop-media/restored", host.root, "opt/uploads");
    expect(listing(restored)).toBe(listing(at("opt/uploads")));
  });

  it("brings configuration back, with its modes", async () => {
    await typed(page.commands(...START, "configs: /opt/configs"), ANSWERS, env);
    expect(listing(join(home, "back/shop-configs/restored/opt/configs"))).toBe(listing(at("opt/configs")));
  });

  it("brings the code back, every branch and tag", async () => {
    await typed(page.commands(...START, "code: the code"), ANSWERS, env);
    const refs = (dir: string) => git(dir, "for-each-ref", "--format=%(refname) %(objectname)");
    expect(refs(join(home, "back/shop-code/code.git"))).toBe(refs(at("opt/app")));
    expect(readFileSync(join(home, "back/shop-code/code/index.html"), "utf8")).toBe("one");
  });

  it("brings the server back to its last minute, which no dump has", async () => {
    const theirs = join(host.root, "postgres-home");
    mkdirSync(theirs);
    execFileSync("cp", [join(home, "identity-owner.txt"), theirs]);
    const root = process.getuid?.() === 0;
    if (root) execFileSync("chown", ["-R", "postgres", theirs]);
    const as = root ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
    chmodSync(host.root, 0o755);
    const commands = page.commands(...START, "orders, to the minute");
    // Beside the server that is there: its own port, on the same socket directory.
    const data = join(theirs, "back/shop-orders-log/data");
    try {
      await typed(commands, ANSWERS, { ...env, HOME: theirs, PGPORT: "5433" }, as);
      const args = ["-h", cluster.dir, "-p", "5433", "-U", "postgres", "-d", "shop", "-XqAtc"];
      const asked = execFileSync("psql", [...args, "SELECT count(*) FROM orders"], { encoding: "utf8", env });
      expect(asked).toBe("3500\n");
    } finally {
      server("pg_ctl", "-D", data, "-m", "immediate", "stop");
    }
  });

  it("has only read", () => {
    const since = s3.requests.slice(orders.asked);
    expect(since.length).toBeGreaterThan(20);
    expect(since.filter((request) => !/^(GET|HEAD) /.test(request))).toEqual([]);
  });
});
