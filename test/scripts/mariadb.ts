/**
 * A host of the harness whose job `orders` saves database `shop` of a real MariaDB server on a socket of its own; and what
 * is in such a database, for comparing.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { normalized, statementsSql } from "../../lab/shop/mariadb/content.js";
import { Host, keygen, path, real, type Result } from "./harness.js";

const root = process.getuid?.() === 0;

/** A MariaDB server with a binary log; `close` ends it and leaves nothing. */
export class MariaServer {
  readonly dir = mkdtempSync("/dev/shm/granary-my-");
  private process = 0;

  static async start(...options: string[]): Promise<MariaServer> {
    const server = new MariaServer();
    await server.run(options);
    return server;
  }

  private async run(options: string[]): Promise<void> {
    chmodSync(this.dir, 0o755);
    const user = root ? ["--user=mysql"] : [];
    if (root) execFileSync("chown", ["mysql", this.dir]);
    const small = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=24M", `--datadir=${this.dir}/data`, ...user];
    const install = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", ...small];
    execFileSync(real("mariadb-install-db"), install, { stdio: "ignore", env: { PATH: path } });
    const network = [`--socket=${this.dir}/sock`, "--skip-networking", `--log-error=${this.dir}/error.log`];
    const log = ["--log-bin=bin", "--binlog-format=ROW", "--server-id=1", "--innodb-flush-log-at-trx-commit=0"];
    const child = spawn(
      real("mariadbd"),
      ["--no-defaults", ...small, ...network, ...log, "--event-scheduler=ON", ...options],
      {
        stdio: "ignore",
        detached: true,
        env: { PATH: path },
      },
    );
    this.process = child.pid ?? 0;
    writeFileSync(join(this.dir, "my.cnf"), `[client]\nsocket=${this.dir}/sock\n`);
    for (let tries = 0; tries < 200; tries++, await sleep(50)) {
      if (!existsSync(join(this.dir, "sock"))) continue;
      try {
        this.sql("SELECT 1");
        return;
      } catch {
        continue;
      }
    }
    throw new Error(`mariadbd did not start: ${readFileSync(join(this.dir, "error.log"), "utf8").slice(-2000)}`);
  }

  /** Runs statements as root; returns bare values, tabs between, one row a line. */
  sql(statements: string, database?: string): string {
    const args = [`--defaults-file=${this.dir}/my.cnf`, "-u", "root", "--default-character-set=utf8mb4", "-NBr"];
    return execFileSync(real("mariadb"), database === undefined ? args : [...args, "-D", database], {
      input: statements,
      encoding: "utf8",
      env: { PATH: path },
      stdio: ["pipe", "pipe", "pipe"],
    }).trim();
  }

  close(): void {
    process.kill(this.process, "SIGKILL");
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** A shop with a bit of everything a dump may forget. */
export const SHOP = `
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE shop
CREATE TABLE customers (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200) NOT NULL, UNIQUE (name));
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, note TEXT, photo BLOB, flags BIT(5), price DECIMAL(10,2),
  doubled DECIMAL(12,2) AS (price * 2) STORED, extra JSON, at DATETIME(6) DEFAULT NOW(6), FOREIGN KEY (customer) REFERENCES customers (id));
INSERT INTO customers (name) VALUES ('Ada'), ('עדה'), ('アダ'), ('آدا 😀'), ('O''Neil \\\\ "quoted"\n; -- x');
INSERT INTO orders (customer, note, photo, flags, price, extra, at)
  SELECT 1 + seq % 5, CONCAT(seq, '), (\\n\\t''x''\\\\; 日本語 😀'), UNHEX(CONCAT('00FF0A0D1A275C', SHA2(seq, 256))), seq % 32, seq / 100,
  JSON_OBJECT('n', seq), '2026-01-01 00:00:00' + INTERVAL seq SECOND FROM seq_1_to_3000;
CREATE TABLE \`odd \`\`"name'\` (a INT); INSERT INTO \`odd \`\`"name'\` VALUES (1), (NULL);
CREATE TABLE nothing (a INT);
CREATE SEQUENCE invoices START 1000; DO NEXTVAL(invoices);
CREATE VIEW recent AS SELECT id, note FROM orders WHERE id > 2990;
CREATE TABLE changes (n INT);
DELIMITER //
CREATE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC BEGIN
  /* INSERT INTO \`orders\` VALUES
(1, 2); */
  RETURN a * 2; END//
CREATE PROCEDURE busy() BEGIN SELECT COUNT(*) FROM orders; END//
CREATE TRIGGER noticed AFTER INSERT ON orders FOR EACH ROW INSERT INTO changes VALUES (NEW.id)//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DO BEGIN DELETE FROM nothing; END//
CREATE EVENT asleep ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE DO DELETE FROM nothing//
DELIMITER ;
CREATE ROLE sellers; GRANT SELECT ON shop.orders TO sellers;
CREATE USER app@'%' IDENTIFIED BY 'app-secret'; GRANT ALL ON shop.* TO app@'%'; GRANT sellers TO app@'%'; SET DEFAULT ROLE sellers FOR app@'%';
`;

/** Everything in a database, as text. */
export const content = (server: MariaServer, database: string): string =>
  normalized(server.sql(server.sql(statementsSql(database)), database), database);

/** Who may do what, with the hashes of the passwords. */
export const users = (server: MariaServer): string =>
  server.sql("SHOW CREATE USER app@'%'; SHOW GRANTS FOR app@'%'; SHOW GRANTS FOR sellers;");

export function dropAll(server: MariaServer): void {
  for (const name of databases(server)) server.sql(`DROP DATABASE \`${name}\``);
  server.sql("DROP USER IF EXISTS app@'%'; DROP ROLE IF EXISTS sellers;");
}

export const databases = (server: MariaServer): string[] =>
  server
    .sql("SELECT schema_name FROM information_schema.schemata ORDER BY 1")
    .split("\n")
    .filter((name) => !["information_schema", "mysql", "performance_schema", "sys"].includes(name));

/** A host whose job is of kind mariadb. */
export class MariaHost extends Host {
  constructor(
    readonly server: MariaServer,
    keys = keygen(),
  ) {
    super(server, keys);
    const postgres = Object.keys(this.env).filter((key) => key.startsWith("GRANARY_PG_"));
    this.writeEnv({
      ...Object.fromEntries(postgres.map((key) => [key, undefined])),
      GRANARY_KIND: "mariadb",
      GRANARY_DB_CONTAINER: "",
      GRANARY_DB_DATABASE: "shop",
      GRANARY_DB_USER: "root",
      GRANARY_COPIES: "a",
    });
    // As the clients of a user find their server: in the settings of the user.
    writeFileSync(join(this.root, ".my.cnf"), readFileSync(join(server.dir, "my.cnf")));
  }

  override get processEnv(): Record<string, string> {
    return { ...super.processEnv, HOME: this.root };
  }

  /** A docker that runs `exec` and `run` here; only variables that are passed by name get through. */
  override fakeDocker(): void {
    this.fake("docker", DOCKER);
    this.writeEnv({ GRANARY_DB_CONTAINER: "database" });
  }

  /** Puts a script before a client; `REAL` is the real one. Questions about version and options are answered by that. */
  fakeClient(program: string, body: string): void {
    this.fake(program, `[[ $* == *--version* || $* == *--help* ]] && exec "$REAL" "$@"\n${body}`);
  }
}

export interface Restored {
  database: string;
  switched: boolean;
  stamp: string;
  compared: { tables: number; rows: number };
  replayed: { until: string; files: number; leftOut: number } | null;
}

export function outcome(result: Result): Restored {
  expect(result.stderr).not.toContain("event=error");
  expect(result.code, result.stderr).toBe(0);
  return JSON.parse(result.stdout) as Restored;
}

export function expectFailure(result: Result, code: number, name: string, message: RegExp): void {
  expect(result.stderr).toMatch(message);
  expect(result.stderr).toContain(`event=error code=${String(code)} name=${name} `);
  expect(result.stderr).toMatch(/ hint="[^"]{10,}"$/m);
  expect(result.code).toBe(code);
}

const DOCKER = `
case $1 in
  inspect) echo true; exit 0 ;;
  rm) exit 0 ;;
  exec | run) mode=$1; shift ;;
  *) exit 64 ;;
esac
declare -A pass=()
while [[ $1 == -* ]]; do
  case $1 in
    -e) pass[\${2%%=*}]=1; [[ $2 != *=* ]] || export "$2"; shift 2 ;;
    -v) mount=\${2%%:*}; shift 2 ;;
    --name | --label | --network | --log-driver | --cap-drop | --security-opt | --user | --entrypoint) shift 2 ;;
    *) shift ;;
  esac
done
[[ -v pass[MYSQL_PWD] ]] || unset MYSQL_PWD
image=$1; shift
if [[ $mode == run ]]; then
  words=(); for word in "$@"; do words+=("\${word//\\/spool/$mount}"); done
  [[ \${words[4]-} != -h ]] || words=("\${words[@]:0:4}" "\${words[@]:8}")
  exec sh "\${words[@]}"
fi
[[ $image == database ]] || { echo "Error response from daemon: No such container: $image" >&2; exit 1; }
exec "$@"`;
