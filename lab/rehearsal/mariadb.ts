/**
 * The shop's second database, on MariaDB in a container, through the same day: dumped, its log shipped, dropped by mistake,
 * and restored to the moment before.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../config.js";
import { MARIADB_JOB } from "../images/mariadb.js";
import type { Check } from "../shop/content.js";
import { normalized, statementsSql } from "../shop/mariadb/content.js";
import type { World } from "../world.js";
import type { ShopServer } from "./shop-server.js";

const { container: CONTAINER, database: DATABASE } = MARIADB_JOB;

/** Statements as root. @returns bare values, tabs between, one row a line */
function sql(server: ShopServer, statements: string, database?: string): Promise<string> {
  const into = database === undefined ? "" : ` -D ${database}`;
  return server.run(
    `MYSQL_PWD=$(cat /opt/configs/database-password) docker exec -i -e MYSQL_PWD ${CONTAINER} mariadb -uroot --default-character-set=utf8mb4 -NBr${into}`,
    statements,
  );
}

async function content(server: ShopServer): Promise<string> {
  return normalized(await sql(server, await sql(server, statementsSql(DATABASE)), DATABASE), DATABASE);
}

/** MariaDB in a container, with its binary log, and the blog in it. */
async function startMariadb(server: ShopServer): Promise<void> {
  await server.compose("blog");
  await server.run(
    `export MYSQL_PWD=$(cat /opt/configs/database-password)
     for i in $(seq 600); do docker exec -e MYSQL_PWD ${CONTAINER} mariadb -uroot -e 'SELECT 1' >/dev/null 2>&1 && exit; sleep 0.1; done
     docker logs ${CONTAINER} >&2; exit 1`,
  );
  await sql(server, await readFile(join(repository, "lab/shop/mariadb/blog.sql"), "utf8"), DATABASE);
}

/** Until every copy has the log of `seconds` since 1970, and a dump that it goes on from. */
async function logIsShipped(server: ShopServer, seconds: number): Promise<void> {
  await server.run(
    `for i in $(seq 180); do
       granary-binlog blog --status 2>/dev/null | jq -e '.ok and all(.copies[]; (.newest // "" | if . == "" then 0 else fromdate end) >= ${seconds})' >/dev/null && exit
       sleep 1
     done
     granary-binlog blog --status >&2; journalctl -u granary-binlog@blog -n 30 -o cat >&2; exit 1`,
  );
}

/**
 * Fills, breaks and restores the database; the job `blog` must be deployed on the server.
 * @param copy the copy it is restored from
 * @returns the content at the moment against the restored one, by line
 */
export async function mariadbDay(server: ShopServer, world: World, copy: string): Promise<Check[]> {
  // The log begins with a dump: of a database that is being made it would be refused as incomplete.
  await server.run("systemctl stop granary-binlog@blog.service");
  await startMariadb(server);
  await server.run("systemctl start granary-binlog@blog.service");
  await logIsShipped(server, Math.floor(Date.now() / 1000));
  await sql(
    server,
    "CALL publish('after the dump'); UPDATE posts SET title = CONCAT(title, '!') WHERE id % 7 = 0;",
    DATABASE,
  );
  const expected = await content(server);
  const moment = Number((await server.run("sleep 2; date +%s; sleep 2")).trim());
  await sql(server, "DELETE FROM posts WHERE id > 100; DROP TABLE seen; DROP VIEW newest;", DATABASE);
  await logIsShipped(server, moment + 2);
  await sql(server, `DROP DATABASE ${DATABASE}`);
  const at = new Date(moment * 1000).toISOString();
  const said = await server.run(
    `granary-restore blog --copy ${copy} --at ${at}`,
    await readFile(world.laptop.identity, "utf8"),
  );
  const outcome = JSON.parse(said) as { switched: boolean; replayed: { leftOut: number } | null };
  const actual = (await content(server)).split("\n");
  // The log goes on over the restore: the next one begins with a dump of what is there now.
  await server.run("systemctl start granary@blog.service");
  const lines = expected.split("\n");
  const differing = Array.from({ length: Math.max(lines.length, actual.length) }, (_, i) => i).filter(
    (i) => lines[i] !== actual[i],
  );
  const show = (text: string[]): string =>
    differing.length === 0 ? `${lines.length} lines equal` : differing.map((i) => text[i] ?? "nothing").join(" | ");
  const live = `${outcome.switched}, ${outcome.replayed?.leftOut ?? "no log"} left out`;
  return [
    {
      name: "MariaDB restored to the moment before the mistake",
      ok: live === "true, 0 left out",
      expected: "true, 0 left out",
      actual: live,
    },
    {
      name: "MariaDB equal by content",
      ok: differing.length === 0 && lines.length > 20,
      expected: show(lines),
      actual: show(actual),
    },
  ];
}
