/** The commands that bring each kind of job back with age, rclone, restic and the database's own programs alone. */
import { readFileSync } from "node:fs";
import { prefix } from "../../plan/keys.js";
import type { BackupJob, MariadbJob, PostgresJob } from "../../settings/schema.js";

/** Commands to type, under a heading. */
export interface Step {
  title: string;
  /** What must be there first, or what follows. */
  text?: string;
  code: string;
}

/** What brings one job of a host back. `$IDENTITY`, `$ROOT` and `$REPOSITORIES` are set by the steps before. */
export function jobSteps(host: string, name: string, job: BackupJob): Step[] {
  switch (job.kind) {
    case "postgres":
      return [postgres(host, name, job), ...(job.continuous ? [toTheMinute(host, name)] : [])];
    case "mariadb":
    case "mysql":
      return [mariadb(host, name, job)];
    case "files":
      return [files(host, name)];
    case "configs":
    case "logs":
      return [archive(host, name, job.paths)];
    case "source":
      return [source(host, name, job.path)];
  }
}

/** One verified backup, fetched into a directory of its own and compared with its manifest. */
function fetch(host: string, job: string): string {
  const from = `"$ROOT/${prefix("daily", host, job)}"`;
  return `mkdir -p ${host}-${job} && cd ${host}-${job}
rclone lsf --include '*.json' ${from} | sort | tee list
# the newest; or another of the list: STAMP=20261123T030000Z
STAMP=$(tail -n 1 list | cut -d . -f 1)
rclone copy --include "$STAMP.*" ${from} .
jq -r '.artifacts[] | "\\(.encrypted.sha256)  \\(.name)"' "$STAMP.json" | sha256sum --check`;
}

/** A name as one word of the shell. */
const word = (text: string): string => (/^[\w.-]+$/.test(text) ? text : `'${text}'`);

function postgres(host: string, name: string, { database }: PostgresJob): Step {
  const of = (field: string) => `"$(of ${field})"`;
  return {
    title: `${name}: the PostgreSQL database ${database}`,
    text: "A PostgreSQL server of the same version or a newer one runs and has no such database. Roles that exist already are reported and left as they are. At the end two columns must be equal: the rows that were saved, and those that are there.",
    code: `${fetch(host, name)}
export PGHOST=\${PGHOST:-127.0.0.1} PGUSER=postgres
for part in dump globals.sql; do
  age -d -i "$IDENTITY" "$STAMP.$part.zst.age" | zstd -d -f -o "$STAMP.$part"
done
of() { jq -r ".database.$1" "$STAMP.json"; }
psql -q -d postgres -f "$STAMP.globals.sql"
createdb -T template0 -O ${of("owner")} -E ${of("encoding")} --lc-collate=${of("collate")} \\
  --lc-ctype=${of("ctype")} ${word(database)}
pg_restore -j 2 --exit-on-error --no-tablespaces -d ${word(database)} "$STAMP.dump"
# rights and settings of the database itself: set them by hand
tail -n 1 "$STAMP.globals.sql"
jq -r '.rows | to_entries[] | "\\(.key)\\t\\(.value)"' "$STAMP.json" |
  while IFS=$'\\t' read -r table rows; do
    found=$(psql -d ${word(database)} -XAtc "SELECT count(*) FROM ONLY $table" </dev/null)
    printf '%s %s %s\\n' "$table" "$rows" "$found"
  done | tee rows
psql -q -d ${word(database)} -c ANALYZE
rm "$STAMP.dump" "$STAMP.globals.sql"; cd ..`,
  };
}

/** The commands that docs/continuous.md has for this; they are executed by a test of their own, too. */
function toTheMinute(host: string, name: string): Step {
  const text = readFileSync(new URL("../../docs/continuous.md", import.meta.url), "utf8");
  const commands = /## By hand[\s\S]*?```sh\n([\s\S]*?)```/.exec(text)?.[1];
  if (commands === undefined) throw new Error("docs/continuous.md has lost its commands: restore it from Git");
  const tier = (of: "base" | "wal") => `$ROOT/${prefix(of, host, name)}`;
  return {
    title: `${name}, to the minute: the whole server, from a base backup and its log`,
    text: "Instead of the dump, when the hours since it count. As the user postgres, who can read the identity, with the programs of the same major version on the PATH (the number at the end of the chain's name). What runs at the end is a whole server in the directory data.",
    code: `mkdir -p ${host}-${name}-log && cd ${host}-${name}-log
rclone lsf -R --include '*.json' "${tier("base")}" | sort -t / -k 2 | tee list
# the newest; or the last one from before the moment you want
BASE=$(tail -n 1 list)
CHAIN=\${BASE%/*} STAMP=$(basename "$BASE" .json)
rclone copy --include "$STAMP.*" "${tier("base")}$CHAIN/" base/
rclone copy "${tier("wal")}$CHAIN/" wal/
ln -sf "$IDENTITY" identity.txt
${commands.trim()}
cd ..`,
  };
}

function mariadb(host: string, name: string, { kind, database }: MariadbJob): Step {
  const client = kind === "mysql" ? "mysql" : "mariadb";
  const of = (field: string) => `$(jq -r .database.${field} "$STAMP.json")`;
  // A role of MariaDB has no host.
  const user = kind === "mysql" ? "'@', QUOTE(host)" : "IF(is_role = 'Y', '', CONCAT('@', QUOTE(host)))";
  return {
    title: `${name}: the ${kind === "mysql" ? "MySQL" : "MariaDB"} database ${database}`,
    text: "A server of the same version or a newer one runs and has no such database. Users that are there already are left as they are.",
    code: `${fetch(host, name)}
${client} -u root -e 'CREATE DATABASE \`${database}\` CHARACTER SET '"${of("characterSet")} COLLATE ${of("collation")}"
age -d -i "$IDENTITY" "$STAMP.sql.zst.age" | zstd -d | ${client} -u root ${word(database)}
if [ -e "$STAMP.users.sql.zst.age" ]; then
  age -d -i "$IDENTITY" "$STAMP.users.sql.zst.age" | zstd -d -f -o users.sql
  ${client} -u root -NBe "SELECT CONCAT('/* ', QUOTE(user), ${user}, ' */') FROM mysql.user" >there
  grep -vFf there users.sql | ${client} -u root
fi
jq .rows "$STAMP.json"                             # the rows that must be there
rm -f users.sql there; cd ..`,
  };
}

function files(host: string, name: string): Step {
  const repository = prefix("files", host, name).slice(0, -1);
  return {
    title: `${name}: files, with restic`,
    text: `The files come to lie in restored/ under their whole path. restic forget and prune must never be run here.`,
    code: `mkdir -p ${host}-${name} && cd ${host}-${name}
rclone cat "$ROOT/${repository}.password.age" | age -d -i "$IDENTITY" >password.txt
export RESTIC_REPOSITORY="rclone:$REPOSITORIES/${repository}"
export RESTIC_PASSWORD_FILE=$PWD/password.txt
# the newest is last; another is chosen by its short name, instead of latest
restic --no-lock snapshots
restic --no-lock restore latest --target restored
shred -u password.txt; cd ..`,
  };
}

function archive(host: string, name: string, paths: string[]): Step {
  return {
    title: `${name}: ${paths.join(", ")}`,
    text: "As root, so that owners and modes come back.",
    code: `${fetch(host, name)}
mkdir -p restored
age -d -i "$IDENTITY" "$STAMP.tar.zst.age" | zstd -d | tar -x -p --numeric-owner -C restored
# must be equal
find restored -mindepth 1 -not -type d -printf x | wc -c; jq .files "$STAMP.json"
cd ..`,
  };
}

function source(host: string, name: string, path: string): Step {
  return {
    title: `${name}: the code that was in ${path}`,
    text: "Every branch and tag is in code.git; the branch that was checked out is in code.",
    code: `${fetch(host, name)}
age -d -i "$IDENTITY" "$STAMP.bundle.zst.age" | zstd -d -f -o code.bundle
git clone --quiet --mirror code.bundle code.git
git clone --quiet code.git code
cd ..`,
  };
}
