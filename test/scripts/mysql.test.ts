/** The way of a MySQL job through the scripts, by clients that answer as MySQL's do; behind them is MariaDB. No MySQL was run. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scripts } from "./harness.js";
import { MariaHost, MariaServer, outcome } from "./mariadb.js";

let server: MariaServer;
let host: MariaHost;

beforeAll(async () => {
  server = await MariaServer.start();
  server.sql(
    "CREATE DATABASE shop; USE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, note TEXT); INSERT INTO shop.orders SELECT seq, 'a),(b' FROM seq_1_to_500;",
  );
  host = new MariaHost(server);
  host.writeEnv({ GRANARY_KIND: "mysql" });
  const version = (name: string): string =>
    `case " $* " in *' --version '*) echo "${name}  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)"; exit ;; esac`;
  host.fake(
    "mysql",
    `${version("mysql")}\n[[ $* == *--help* || $* == *VERSION\\(\\)* ]] || exec /usr/bin/mariadb "$@" < <(sed "s/account_locked DESC, //; s/VERSION()/'8.0.36'/")
[[ $* == *--help* ]] || echo 8.0.36`,
  );
  host.fake(
    "mysqldump",
    `${version("mysqldump")}\n[[ $* != *--help* ]] || { echo ' --set-gtid-purged --column-statistics --source-data'; exit; }
printf '%s\\n' "$@" >>${host.root}/arguments
words=(); for word in "$@"; do [[ $word == --set-gtid-purged=OFF ]] || words+=("$word"); done
/usr/bin/mariadb-dump "\${words[@]}" | sed '1d; s/^-- MariaDB dump/-- MySQL dump/' | perl -0pe 's/VALUES\\n/VALUES /g; s/\\),\\n\\(/),(/g'`,
  );
});
afterAll(() => {
  host.close();
  server.close();
});

describe("a MySQL job", () => {
  it("is dumped with MySQL's own options, counted in MySQL's own form, and brought back", async () => {
    const result = await host.backup();
    expect(result.code, result.stderr).toBe(0);
    const options = readFileSync(join(host.root, "arguments"), "utf8").split("\n");
    for (const option of [
      "--single-transaction",
      "--routines",
      "--events",
      "--triggers",
      "--set-gtid-purged=OFF",
      "--no-tablespaces",
    ])
      expect(options).toContain(option);
    expect(options).not.toContain("--column-statistics=0"); // only for a server before 8
    expect(host.manifest("a")).toMatchObject({
      kind: "mysql",
      rows: { orders: 500 },
      database: { family: "mysql", clientVersion: "8.0.36" },
    });
    server.sql("DROP DATABASE shop");
    expect(outcome(await host.restore(["--copy", "a"]))).toMatchObject({ switched: true, compared: { rows: 500 } });
    expect(server.sql("SELECT COUNT(*), MAX(note) FROM orders", "shop")).toBe("500\ta),(b");
  });

  it.each<[string, string, string]>([
    ["rows of one line", "INSERT INTO `t` VALUES (1,'x'),(2,'y');", "rows 2 t"],
    ["with columns named", "INSERT INTO `t` (`a`, `b`) VALUES (1,'x'),(2,'y'),(3,NULL);", "rows 3 t"],
    [
      "with what looks like rows in strings",
      String.raw`INSERT INTO ${"`t`"} VALUES (1,'),(\'),('),(2,'\\');`,
      "rows 2 t",
    ],
    ["a statement of several lines, as MariaDB writes it", "INSERT INTO `t` VALUES\n(1,'a'),\n(2,'),(');", "rows 2 t"],
    [
      "a trigger, quoted or not",
      "/*!50032 DROP TRIGGER IF EXISTS `a` */;\n/*!50032 DROP TRIGGER IF EXISTS b */;",
      "trigger a\ntrigger b",
    ],
    ["nothing in the text of routines", "DELIMITER ;;\nINSERT INTO `t` VALUES (1);\nDELIMITER ;", ""],
  ])("counts %s", (_, dump, expected) => {
    const script = `MY_FAMILY=mysql; source "$1/lib/mysql-content.sh"; content_count`;
    const said = execFileSync("bash", ["-c", script, "bash", scripts], { input: `${dump}\n`, encoding: "utf8" });
    expect(said.trim()).toBe(expected);
  });
});
