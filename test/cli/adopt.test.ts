/** Scripts and crontabs as they are found on servers, and the settings that take them over. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { propose } from "../../cli/adopt/propose.js";
import { readProbe } from "../../cli/adopt/read.js";
import { recognise, type Backup } from "../../cli/adopt/recognise.js";
import { hostsSchema } from "../../settings/hosts.js";
import { example, HOST_KEY } from "../settings/example.js";
import { granaryIn } from "./granary.js";

const SCRIPT = `#!/bin/bash
# nightly backup
DATE=$(date +%Y%m%d)
BACKUP_DIR="/opt/backups"
DB=mydb
export PGPASSWORD=PLANTED-PASSWORD
docker exec -e PGPASSWORD postgres_container pg_dump -U postgres \\
  -F c -d "$DB" > $BACKUP_DIR/db_$DATE.dump
gpg --encrypt --recipient owner@shop.example $BACKUP_DIR/db_$DATE.dump
rm $BACKUP_DIR/db_$DATE.dump
s3cmd put $BACKUP_DIR/db_$DATE.dump.gpg s3://kolonell-backups/postgres/
find $BACKUP_DIR -mtime +7 -delete
`;

const PROBE = `@@ crontab root
# m h dom mon dow command
MAILTO=owner@shop.example
0 3 * * * /opt/scripts/backup-postgres.sh >> /var/log/backup.log 2>&1
30 3 * * * tar czf /opt/backups/uploads.tgz /opt/uploads/ && s3cmd put /opt/backups/uploads.tgz s3://kolonell-backups/uploads/
0 4 1 * * /opt/scripts/backup-archive.sh
*/5 * * * * curl -fsS https://shop.example/cron
@@ system-crontab /etc/cron.d/certbot
17 *   * * *   root   certbot -q renew
@@ script:@daily /etc/cron.daily/mysql
#!/bin/sh
mysqldump --single-transaction -u root -p"PLANTED" blog | gzip > /backup/blog.sql.gz
@@ script /opt/scripts/backup-postgres.sh
${SCRIPT}
@@ containers docker
postgres_container\tpostgres:15
shop_redis\tredis:7
shop_app\tregistry.example/shop:1.2
@@ paths found
/opt/uploads
/opt/configs
/etc/caddy
/var/log/caddy
@@ repositories found
/opt/app
`;
const PLACE = {
  name: "shop",
  address: "203.0.113.10",
  hostKey: HOST_KEY,
  sshPort: 22,
  provider: "hetzner",
  country: "DE",
};

/** What is recognised in one command of a crontab, or in a script of it. */
function of(text: string): Backup | undefined {
  return recognise({
    cron: [{ schedule: "0 3 * * *", command: "/opt/b.sh" }],
    scripts: { "/opt/b.sh": text },
    containers: {},
    paths: [],
    repositories: [],
  }).backups[0];
}

describe("what is recognised", () => {
  it.each<[string, object]>([
    ["pg_dump -U postgres mydb > x", { kind: "postgres", database: "mydb", user: "postgres" }],
    ["pg_dump -Fc --dbname=mydb -f x.dump", { kind: "postgres", database: "mydb" }],
    [
      "docker exec -t db pg_dump -Upostgres -d mydb | gzip",
      { kind: "postgres", container: "db", database: "mydb", user: "postgres" },
    ],
    [
      "docker exec -i -e PGPASSWORD=x -u postgres db pg_dump mydb",
      { kind: "postgres", container: "db", database: "mydb" },
    ],
    ["sudo docker exec 'db' pg_dump \"mydb\" 2>/dev/null", { kind: "postgres", container: "db", database: "mydb" }],
    ["C=db\nN='mydb'\ndocker exec ${C} pg_dump $N", { kind: "postgres", container: "db", database: "mydb" }],
    ["mysqldump -u root -psecret --routines blog > x", { kind: "mariadb", database: "blog", user: "root" }],
    [
      "docker exec maria mariadb-dump --user=app blog",
      { kind: "mariadb", container: "maria", database: "blog", user: "app" },
    ],
  ])("%s", (line, dump) => {
    expect(of(line)?.dumps).toEqual([dump]);
  });

  it.each([
    ["pg_dump $1 > x", "a name that only the run knows"],
    ["for d in $(psql -l); do pg_dump $d; done", "a loop"],
    ["# pg_dump mydb", "a comment"],
    ["echo done", "nothing of the kind"],
  ])("not %s: %s", (line) => {
    expect(of(line)).toBeUndefined();
  });

  it.each([
    ["tar -czf /backup/u.tgz /opt/uploads /etc/caddy/", ["/opt/uploads", "/etc/caddy"]],
    ["rsync -a /opt/uploads/ u1@box:uploads", ["/opt/uploads"]],
    ["s3cmd sync /opt/uploads s3://b/uploads/", ["/opt/uploads"]],
    ["restic backup /opt/uploads", ["/opt/uploads"]],
    ["rclone sync /opt/uploads r2:bucket/uploads", ["/opt/uploads"]],
  ])("%s saves %j", (line, paths) => {
    expect(of(line)?.paths).toEqual(paths);
  });

  it("a password before a command is no part of what is shown", () => {
    const command = "PGPASSWORD=PLANTED A=1 pg_dump mydb";
    const { backups } = recognise({
      cron: [{ schedule: "@daily", command }],
      scripts: {},
      containers: {},
      paths: [],
      repositories: [],
    });
    expect(backups).toMatchObject([{ from: "pg_dump", dumps: [{ database: "mydb" }] }]);
    expect(JSON.stringify(backups)).not.toContain("PLANTED");
  });

  it("where it goes, and whether it is encrypted before", () => {
    expect(of(SCRIPT)).toMatchObject({ targets: ["s3://kolonell-backups"], encrypted: true });
    expect(of("rclone copy /opt/uploads r2:bucket/uploads")).toMatchObject({
      targets: ["r2:bucket/uploads"],
      encrypted: false,
    });
  });
});

describe("the proposal", () => {
  const proposal = propose(readProbe(PROBE), PLACE);

  it("takes over what is there, with its schedules, and is valid", () => {
    expect(proposal.host["jobs"]).toEqual({
      mydb: {
        kind: "postgres",
        container: "postgres_container",
        database: "mydb",
        user: "postgres",
        schedule: "0 3 * * *",
      },
      blog: { kind: "mariadb", database: "blog", user: "root" },
      media: { kind: "files", paths: ["/opt/uploads"], schedule: "30 3 * * *" },
      configs: { kind: "configs", paths: ["/opt/configs", "/etc/caddy"] },
      logs: { kind: "logs", paths: ["/var/log/caddy"] },
      code: { kind: "source", path: "/opt/app" },
      cache: { kind: "cache", container: "shop_redis" },
    });
    expect(hostsSchema.safeParse({ shop: proposal.host }).success).toBe(true);
  });

  it("names what looks like a backup and was not understood, and nothing else", () => {
    expect(proposal.unknown).toEqual(["0 4 1 * * /opt/scripts/backup-archive.sh"]);
  });

  it("refuses an answer that is not the probe's", () => {
    expect(() => readProbe("This account is not available.\n")).toThrow(/did not answer as expected/);
  });
});

describe("granary adopt", () => {
  let directory: string;
  let path: string | undefined;
  const adopt = (...args: string[]) => granaryIn(directory, "adopt", ...args);
  const stackFile = () => readFileSync(join(directory, "Pulumi.prod.yaml"), "utf8");

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "granary-adopt-"));
    writeFileSync(join(directory, "answer"), PROBE);
    const { copies, encryption } = example();
    const config = { "granary:encryption": encryption, "granary:copies": copies };
    writeFileSync(join(directory, "Pulumi.prod.yaml"), `# ours\nconfig: ${JSON.stringify(config)}\n`);
    writeFileSync(
      join(directory, "ssh"),
      `#!/bin/sh\necho "$@" >${directory}/args\ncat >${directory}/stdin\ncat ${directory}/answer\n`,
    );
    chmodSync(join(directory, "ssh"), 0o755);
    path = process.env["PATH"];
    process.env["PATH"] = `${directory}:${path}`;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(directory, { recursive: true });
  });

  it("sends the probe, shows the settings, shows no password and changes nothing", async () => {
    const before = stackFile();
    const { code, out } = await adopt("203.0.113.10", "--host-key", HOST_KEY);
    expect(code).toBe(0);
    expect(readFileSync(join(directory, "stdin"), "utf8")).toBe(
      readFileSync(join(import.meta.dirname, "../../cli/adopt/probe.sh"), "utf8"),
    );
    expect(readFileSync(join(directory, "args"), "utf8")).toContain("StrictHostKeyChecking=yes");
    expect(out).toContain(
      "0 3 * * *  /opt/scripts/backup-postgres.sh: postgres mydb in postgres_container -> s3://kolonell-backups\n",
    );
    expect(out).toContain("@daily  /etc/cron.daily/mysql: mariadb blog -> this server only, NOT encrypted\n");
    const yaml = out.slice(out.indexOf("  granary:hosts:"), out.indexOf("Nothing was changed"));
    expect((parse(yaml) as { "granary:hosts": object })["granary:hosts"]).toEqual({
      shop: propose(readProbe(PROBE), PLACE).host,
    });
    expect(out).not.toContain("PLANTED");
    expect(stackFile()).toBe(before);
  });

  it("adds the host when told, once, and keeps the rest of the file", async () => {
    expect((await adopt("203.0.113.10", "--host-key", HOST_KEY, "--write")).code).toBe(0);
    expect(stackFile()).toMatch(/^# ours\n/);
    expect((await granaryIn(directory, "check", "--json")).err).toBe("");
    const again = await adopt("203.0.113.10", "--host-key", HOST_KEY, "--write");
    expect(again.code).toBe(1);
    expect(again.err).toContain('has a host "shop" already');
  });

  it.each([
    [[], "name one server"],
    [["a", "b"], "name one server"],
    [["203.0.113.10"], "--host-key is missing or no public key"],
    [["203.0.113.10", "--host-key", HOST_KEY, "--ssh-port", "0"], 'bad --ssh-port "0"'],
    [["203.0.113.10", "--host-key", HOST_KEY, "--stack", "../x"], 'bad stack name "../x"'],
  ])("%j is wrong usage", async (args, message) => {
    const { code, err } = await adopt(...args);
    expect(code).toBe(64);
    expect(err).toContain(message);
  });

  it("says so when the server does not answer", async () => {
    writeFileSync(join(directory, "ssh"), "#!/bin/sh\nexit 255\n");
    expect((await adopt("203.0.113.10", "--host-key", HOST_KEY)).err).toContain("ssh ended with 255");
  });

  it("has a probe that answers on this machine", () => {
    const probe = join(import.meta.dirname, "../../cli/adopt/probe.sh");
    const env = { PATH: `/usr/bin:/bin:/usr/sbin` };
    expect(readProbe(execFileSync("bash", [probe], { encoding: "utf8", env })).scripts).toBeTypeOf("object");
  });
});
