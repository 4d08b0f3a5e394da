/** The same with a database in a container: a docker that runs here what it is told to run there, as the same user. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Continuous, shopCluster } from "./wal.js";

/** `run` replaces the mount point in all words by the directory of the host, and becomes the program. */
const DOCKER = (socket: string): string => `
echo "$*" >>"$STATE"
case $1 in
  inspect)
    case "$*" in
      *StartedAt*) cat "$STATE.started" ;;
      *Image*) echo sha256:1234 ;;
      "inspect "*" -"*|*Running*) echo true ;;
      *) cat "$STATE.made" ;;
    esac
    exit 0 ;;
  rm) [[ -e $STATE.$3 ]] && kill -9 "$(<"$STATE.$3")" 2>/dev/null; exit 0 ;;
  kill) kill -"$3" "$(<"$STATE.$4")"; exit 0 ;;
  exec) shift; while [[ $1 == -* ]]; do [[ $1 == -i ]] && shift || shift 2; done; shift; exec "$@" ;;
  run) shift ;;
esac
declare -A pass=(); user=root mount= name=none
while [[ $1 == -* ]]; do
  case $1 in
    --rm | --read-only) shift; continue ;;
    --user) user=\${2%:*} ;;
    --name) name=$2 ;;
    -v) mount=$2 ;;
    -e) [[ $2 == *=* ]] && export "$2"; pass[\${2%%=*}]=1 ;;
    --entrypoint) program=$2 ;;
  esac
  shift 2
done
[[ $1 == sha256:1234 || $1 == image ]] || exit 125
shift
for word in PGPASSWORD PGOPTIONS; do [[ -v pass[$word] ]] || unset "$word"; done
[[ $PGHOST != 127.0.0.1 ]] || export PGHOST=${socket}
[[ $PGPORT == 5432 || -z $PGPORT ]] || exit 3
words=("$@")
if [[ -n $mount ]]; then words=("\${words[@]//\${mount#*:}/\${mount%%:*}}"); fi
as=()
[[ $user == root || $user == 0 ]] || as=(setpriv --reuid="$user" --regid="$user" --clear-groups)
"\${as[@]}" "$program" "\${words[@]}" &
echo "$!" >"$STATE.$name"
trap 'kill -TERM "$(<"$STATE.$name")"' TERM
wait "$!"; status=$?
while kill -0 "$(<"$STATE.$name")" 2>/dev/null; do sleep 0.1; done
exit "$status"`;

it("ships, makes base backups and recovers through containers of the database's own image", async () => {
  const cluster = shopCluster();
  const host = new Continuous(cluster, { GRANARY_PG_PASSWORD: "never-in-an-argument" });
  try {
    host.fake("docker", DOCKER(cluster.dir));
    host.writeEnv({ GRANARY_PG_CONTAINER: "database", GRANARY_BASE_ON_CALENDAR: "Sun *-*-* 02:00:00" });
    host.startService();
    await host.stateIs((state) => state.ok);
    cluster.sql("shop", "INSERT INTO orders (note) SELECT 'x' FROM generate_series(1, 3000); SELECT pg_switch_wal()");
    await host.shipped();
    await host.stopService();
    const to = join(host.root, "recovered");
    const result = await host.recover(["--copy", "b", "--data-dir", to, "--image", "image"]);
    expect(result.code, result.stderr).toBe(0);
    expect(host.ask(to, "SELECT count(*) FROM orders")).toBe("3000");
    expect(existsSync(join(to, "granary-recovery"))).toBe(false);
    const calls = readFileSync(join(host.root, "state.docker"), "utf8").split("\n");
    const runs = calls.filter((call) => call.startsWith("run "));
    for (const call of runs) expect(call).not.toContain("never-in-an-argument");
    const sidecars = runs.filter((call) => call.includes("--network container:database "));
    expect(
      sidecars.some((call) => call.includes("--entrypoint pg_receivewal sha256:1234 -D /spool -S granary_orders")),
    ).toBe(true);
    expect(sidecars.some((call) => call.includes("pg_basebackup"))).toBe(true);
    for (const call of sidecars) expect(call).toContain("--cap-drop ALL --security-opt no-new-privileges --read-only");
    expect(runs.filter((call) => call.includes("--network none ")).length).toBeGreaterThanOrEqual(4);
    expect(calls.filter((call) => call.startsWith("rm -f granary-wal-orders")).length).toBeGreaterThan(1);
    expect(readdirSync(join(host.root, "var/lib/granary/recover"))).toEqual([]);
    await comesBackWhole(host);
  } finally {
    await host.stopService();
    host.close();
    cluster.close();
  }
});

/** A container that a compose file made and nobody started: the server comes back into its volume. */
async function comesBackWhole(host: Continuous): Promise<void> {
  const state = join(host.root, "state.docker");
  const volume = join(host.root, "volume");
  const bringBack = () => host.run("granary-bring-back", ["orders", "--copy", "b"], host.keys.identity);
  const made = (mounts: object[]): void =>
    writeFileSync(`${state}.made`, JSON.stringify([{ Config: { Env: ["A=b", "PGDATA=/data/pg"] }, Mounts: mounts }]));
  const held = await host.run("granary-hold", ["on"]);
  expect(held.code, held.stderr).toBe(0);
  writeFileSync(`${state}.started`, "false 0001-01-01T00:00:00Z\n");

  made([{ Destination: "/other", Source: "/nowhere" }]);
  expect((await bringBack()).stderr).toContain("keeps its database in no volume");

  made([
    { Destination: "/", Source: "/nowhere" },
    { Destination: "/data", Source: volume },
  ]);
  const data = join(volume, "pg");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "whose"), "");
  const refused = await bringBack();
  expect([refused.code, refused.stderr]).toEqual([31, expect.stringContaining(`${data} is not empty`)]);
  expect(readdirSync(data)).toEqual(["whose"]);
  rmSync(join(data, "whose"));

  const back = await bringBack();
  expect(back.code, back.stderr).toBe(0);
  expect(JSON.parse(back.stdout)).toMatchObject({
    copy: "b",
    dataDir: data,
    stamp: expect.stringMatching(/Z$/) as unknown,
  });
  expect(host.ask(data, "SELECT count(*) FROM orders")).toBe("3000");

  // Interrupted before it could say that it was done: what it put there goes, and comes again.
  rmSync(join(host.root, "var/lib/granary/brought-back/orders.json"));
  writeFileSync(join(data, "half"), "");
  const again = await bringBack();
  expect(again.code, again.stderr).toBe(0);
  expect(existsSync(join(data, "half"))).toBe(false);
}
