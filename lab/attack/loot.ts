/** What root on a host finds there: every credential that could be of use against a copy. */
import type { ShopServer } from "../rehearsal/shop-server.js";
import type { Check } from "../shop/content.js";
import { partOf } from "./damage.js";

/** The settings of one job, as the host holds them. */
export type Environment = Record<string, string>;

/** A copy as a thief sees it: where it is, and with what. */
export interface Target {
  /** Of the copy; of a replica, its job's. */
  name: string;
  /** What rclone calls it in the job's settings. */
  remote: string;
  replica: boolean;
  /** `/etc/granary/JOB.env` that tells of it. */
  file: string;
  /** rclone's word for the vendor or the protocol. */
  provider: "DigitalOcean" | "Cloudflare" | "sftp";
  /** The bucket; empty for a box. */
  root: string;
  environment: Environment;
}

export interface Loot {
  environments: Record<string, Environment>;
  targets: Target[];
  /** Jobs with a restic repository, by the file of their settings. */
  repositories: string[];
  /** Whatever could be a provider's token. */
  candidates: string[];
  /** What was found, for the report: no value is in it. */
  found: string[];
}

const COLLECT = `
for f in /etc/granary/*.env; do echo "file=$f"; cat "$f"; done
echo file=containers
docker ps -aq | xargs -r docker inspect | jq -r '.[].Config.Env[]?'
echo file=processes
cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -aiE '^[A-Za-z_]*(token|secret|key|passw)[A-Za-z_]*=' | sort -u
echo file=private-keys
grep -rlaI -e '-----BEGIN .*PRIVATE KEY' /etc /root /home /opt /var/lib 2>/dev/null | sed 's/^/PRIVATE_KEY=/'
echo file=user-data
cat /var/lib/cloud/instance/user-data.txt 2>/dev/null | tr -d '\\n' | sed 's/^/USER_DATA=/'`;

/** Collects it, over SSH as root. */
export async function collect(server: ShopServer): Promise<Loot> {
  const sections = (await server.run(COLLECT)).split(/^file=/m).slice(1);
  const lines = Object.fromEntries(
    sections.map((section) => {
      const [name = "", ...rest] = section.trim().split("\n");
      return [name, rest.filter((line) => line.includes("="))];
    }),
  );
  const environments = Object.fromEntries(
    Object.entries(lines)
      .filter(([name]) => name.endsWith(".env"))
      .map(([name, values]) => [name, Object.fromEntries(values.map(pair))]),
  );
  const values = Object.values(lines).flatMap((all) => all.map((line) => pair(line)[1]));
  return {
    environments,
    targets: targets(environments),
    repositories: Object.keys(environments).filter((name) => environments[name]!["GRANARY_KIND"] === "files"),
    candidates: [...new Set(values.filter((value) => /^[\w+/=.-]{20,200}$/.test(value) && !value.startsWith("/")))],
    found: [
      ...Object.entries(environments).flatMap(([name, all]) =>
        Object.keys(all)
          .filter((key) => /SECRET|PASSWORD/.test(key))
          .map((key) => `${name} ${key}`),
      ),
      ...(lines["private-keys"] ?? []).map((line) => pair(line)[1]),
      ...((lines["user-data"] ?? []).length > 0 ? ["the server's user data, with its own SSH host key"] : []),
    ],
  };
}

function pair(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

/** What the job's settings say of a target's remote. */
export function setting({ remote, environment }: Target, key: string): string {
  return environment[`RCLONE_CONFIG_${remote.toUpperCase()}_${key}`] ?? "";
}

/** What part of a copy a key belongs to; undefined: nothing that a restore needs. All but our records is the shop's in a replica of uploads. */
export function partIn({ environment }: Target): (key: string) => ReturnType<typeof partOf> {
  if (environment["GRANARY_REPLICA_HOLDS"] !== "uploads") return partOf;
  return (key) => (key.startsWith(environment["GRANARY_REPLICA_RECORDS"]!) ? undefined : "backups");
}

/** One for each copy that any job's settings name, and for each replica that this host fills. */
function targets(environments: Record<string, Environment>): Target[] {
  const found: Record<string, Target> = {};
  for (const [file, environment] of Object.entries(environments)) {
    // The source of a replica is one of the copies, or the shop's own bucket.
    const to = environment["GRANARY_REPLICA_TO"];
    for (const remote of (to ?? environment["GRANARY_COPIES"] ?? "").split(" ").filter(Boolean)) {
      const name = to === undefined ? remote : environment["GRANARY_JOB"]!;
      const target = { name, remote, replica: to !== undefined, file, environment };
      const at = { ...target, provider: "sftp" as const, root: "" };
      const provider = (setting(at, "PROVIDER") || setting(at, "TYPE")) as Target["provider"];
      found[name] ??= { ...target, provider, root: environment[`GRANARY_COPY_${remote.toUpperCase()}_ROOT`] ?? "" };
    }
  }
  return Object.values(found);
}

/** Every place on the disk, and every process, is searched for what must never be on a host. Secrets go by standard input. */
const SEARCH = `
patterns=$(cat)
search() { LC_ALL=C grep -aF -f <(printf '%s\\n' "$patterns") "$@"; }
search -rl --exclude-dir=proc --exclude-dir=sys --exclude-dir=lab-apt / 2>/dev/null || true
for p in /proc/[0-9]*; do for f in environ cmdline; do
  if tr '\\0' '\\n' <"$p/$f" 2>/dev/null | search -q; then echo "$p/$f"; fi
done; done`;

/** What only the owner may have, by name: none of it may be on the host. */
export async function searchFor(server: ShopServer, secrets: Record<string, string>): Promise<Check[]> {
  const names = Object.keys(secrets);
  const short = names.filter((name) => secrets[name]!.length < 12);
  if (names.length === 0 || short.length > 0)
    throw new Error(`not to be searched for: ${short.join(", ") || "nothing"}`);
  const found = (await server.run(SEARCH, Object.values(secrets).join("\n"))).trim();
  const own = found.split("\n").filter((file) => file !== "" && !file.startsWith("/proc/self/"));
  const expected = `${names.length} secrets, on no disk and in no process`;
  const actual = own.length === 0 ? expected : `found in ${own.join(", ")}`;
  return [{ name: `on the host there is none of: ${names.join(", ")}`, ok: own.length === 0, expected, actual }];
}
