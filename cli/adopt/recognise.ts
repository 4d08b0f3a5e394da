/** Backups in the scripts and crontabs that everybody writes: dumps, archives, and where they go. */
import type { Probe } from "./read.js";

export interface Dump {
  kind: "postgres" | "mariadb";
  /** Docker container it is run in. */
  container?: string;
  database: string;
  user?: string;
}

export interface Backup {
  schedule: string;
  /** Script, or the command itself, in the crontab. */
  from: string;
  dumps: Dump[];
  /** Directories that are packed or copied. */
  paths: string[];
  /** Buckets and remotes it uploads to. */
  targets: string[];
  /** Whether it is encrypted before it leaves. */
  encrypted: boolean;
}

/** Every cron entry in which something of a backup is recognised; the others by name, so that somebody looks. */
export function recognise({ cron, scripts }: Probe): { backups: Backup[]; unknown: string[] } {
  const backups: Backup[] = [];
  const unknown: string[] = [];
  for (const { schedule, command } of cron) {
    const script = Object.keys(scripts).find((path) => command.split(/\s+/).includes(path));
    // A variable before the command may be a password.
    const first = command.split(/\s+/).find((word) => !/^\w+=/.test(word)) ?? "";
    const from = script ?? first;
    const found = { schedule, from, ...inText(script === undefined ? command : (scripts[script] as string)) };
    if (found.dumps.length + found.paths.length > 0) backups.push(found);
    else if (/backup|dump|s3cmd|rclone|restic|borg/i.test(command)) unknown.push(`${schedule} ${from}`);
  }
  return { backups, unknown };
}

function inText(text: string): Omit<Backup, "schedule" | "from"> {
  const lines = commands(text);
  return {
    dumps: lines.flatMap(dump),
    paths: [...new Set(lines.flatMap(packed))],
    targets: [...new Set(lines.flatMap(targets))],
    encrypted: lines.some((line) => /\b(gpg|gpg2|age|openssl enc)\b/.test(line)),
  };
}

/** Commands of a script, one a line: continued lines joined, comments gone, its own plain variables put in. */
function commands(text: string): string[] {
  const variables: Record<string, string> = {};
  const put = (line: string) =>
    line.replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (whole, braced?: string, bare?: string) => variables[braced ?? bare ?? ""] ?? whole,
    );
  return text
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, ""))
    .map((line) => {
      const [, name, value] =
        /^\s*(?:export\s+|readonly\s+)?(\w+)=(?:"([^"$`]*)"|'([^']*)'|([^\s"'$`(;|]*))\s*$/
          .exec(line)
          ?.filter((part) => part !== undefined) ?? [];
      if (name !== undefined) variables[name] = value ?? "";
      return put(line).replaceAll(/["']/g, "");
    });
}

const NOT_A_NAME = /[$`*{}()|<>;&=:]/;

/** `[docker exec … CONTAINER] pg_dump …` and its sisters. */
function dump(line: string): Dump[] {
  const match =
    /(?:docker\s+exec\s+(.*?)\s)?\b(pg_dump|mysqldump|mariadb-dump)\s+([^|>;&]*?)(?:\s+\d>|\s*[|>;&]|$)/.exec(line);
  if (match === null) return [];
  const [, exec, program, text = ""] = match;
  const words = text.trim().split(/\s+/);
  const database = option(words, "-d", "--dbname") ?? last(words);
  const container = exec === undefined ? undefined : containerOf(exec.trim().split(/\s+/));
  const user = option(words, "-U", "--username") ?? option(words, "-u", "--user");
  if (database === undefined || [database, container, user].some((name) => name !== undefined && NOT_A_NAME.test(name)))
    return [];
  return [
    {
      kind: program === "pg_dump" ? "postgres" : "mariadb",
      ...(container === undefined ? {} : { container }),
      database,
      ...(user === undefined ? {} : { user }),
    },
  ];
}

/** Options of `docker exec` that take a word of their own. */
const WITH_WORD = ["-e", "--env", "-u", "--user", "-w", "--workdir", "--env-file"];

/** The container: the first word that is no option, nor belongs to one. */
function containerOf(words: string[]): string | undefined {
  return words.find((word, i) => !word.startsWith("-") && !WITH_WORD.includes(words[i - 1] ?? ""));
}

/** The value of an option: `-d name`, `-dname`, `--dbname=name`, `--dbname name`. */
function option(words: string[], short: string, long: string): string | undefined {
  for (const [i, word] of words.entries()) {
    if (word === short || word === long) return words[i + 1];
    if (word.startsWith(`${long}=`)) return word.slice(long.length + 1);
    if (word.startsWith(short) && !word.startsWith("--")) return word.slice(short.length);
  }
  return undefined;
}

/** Options of the dump programs that take a word of their own. */
const DUMP_WORDS = /^-([FhpUuTtnNfZjE]|-(format|host|port|user|username|file|schema|table))$/;

/** The last word that is no option: the database. */
function last(words: string[]): string | undefined {
  return words.filter((word, i) => word !== "" && !word.startsWith("-") && !DUMP_WORDS.test(words[i - 1] ?? "")).at(-1);
}

/** Directories after tar, rsync, cp, s3cmd sync, rclone and restic that are absolute and no place for backups. */
function packed(line: string): string[] {
  const match =
    /\b(tar|rsync|cp|zip|s3cmd\s+sync|aws\s+s3\s+sync|rclone\s+(?:copy|sync)|restic\s+backup)\s+([^|>;&]*)/.exec(line);
  if (match === null) return [];
  const words = (match[2] ?? "").split(/\s+/);
  return words
    .filter((_, i) => !/^-\w*f$|^c?z?v?f$/.test(words[i - 1] ?? ""))
    .map((word) => word.replace(/(.)\/$/, "$1"))
    .filter(
      (word) => /^\/[\w.-]+(\/[\w.-]+)*$/.test(word) && !/backup|^\/tmp|^\/dev|\.(tar|gz|zip|dump|sql|gpg)/i.test(word),
    );
}

/** `s3://bucket/…`, and remotes of rclone, without what is a variable in them. */
function targets(line: string): string[] {
  const s3 = line.match(/s3:\/\/[\w.-]+/g) ?? [];
  const remotes = /\brclone\s+\w+\s.*?\s([\w-]+:[\w./-]+)/.exec(line)?.[1];
  return [...s3, ...(remotes === undefined ? [] : [remotes])];
}
