/** Attacks on a job's restic repository by restic itself, with the password that is on the host. */
import type { ShopServer } from "../rehearsal/shop-server.js";
import type { Answer } from "./damage.js";
import { setting, type Environment, type Loot, type Target } from "./loot.js";
import { at, rclone, Tally, type Moves } from "./thief.js";

/** A repository as the host reaches it. */
interface Door {
  /** What restic is told; the environment has the rest. */
  options: string;
  /** The account for files alone, which runs one command whatever it is asked. */
  ssh?: (command: string) => string;
}

/** File of a key of the host's own, of the generation in use. */
function ownKey(environment: Environment, purpose: string): string {
  const generation = environment["GRANARY_GENERATION"];
  return `${purpose}${generation === undefined ? "" : `.${generation}`}_ed25519`;
}

function door(environment: Environment, target: Target): Door {
  const own = `GRANARY_COPY_${target.remote.toUpperCase()}_RESTIC`;
  const [host, job] = [environment["GRANARY_HOST"], environment["GRANARY_JOB"]];
  if (environment[own] !== "append-only")
    return { options: `-r rclone:${at(target, `files/${host}/${job}`).replaceAll("'", "")}` };
  const remote = (key: string): string => setting(target, key);
  const login =
    `-F /dev/null -p ${remote("PORT")} -i /etc/granary/${ownKey(environment, `restic-${job}`)} -o IdentitiesOnly=yes -o BatchMode=yes ` +
    `-o ConnectTimeout=10 -o UserKnownHostsFile=/etc/granary/known_hosts ` +
    `-o HostKeyAlias=[${remote("HOST")}]:${remote("PORT")} ${environment[`${own}_LOGIN`]}`;
  return {
    options: `-r rclone:files -o "rclone.program=ssh -T ${login}" -o rclone.args=`,
    ssh: (command) => (command === "sftp" ? `sftp ${login.replace("-p ", "-P ")}` : `ssh -T ${login} ${command}`),
  };
}

/** Shell words that run restic with the job's password; `restic` there takes the door's options by itself. */
function withRestic(file: string, target: Target, { options }: Door, script: string): string {
  return `while IFS= read -r line; do case $line in RCLONE_CONFIG_*) export "$line" ;; esac; done <${target.file}
    while IFS= read -r line; do case $line in GRANARY_RESTIC_PASSWORD=*) export RESTIC_PASSWORD=\${line#*=} ;; esac; done <${file}
    restic() { command restic ${options} --no-cache -q "$@"; }
    ${script}`;
}

const FORGET = `restic unlock --remove-all
  mapfile -t ids < <(restic snapshots --json | jq -r '.[].id')
  ((\${#ids[@]} > 0)) || { echo "no snapshot seen"; exit 3; }
  restic forget --prune "\${ids[@]}" || exit
  [[ $(restic snapshots --json | jq length) == 0 ]] || { echo "the snapshots are still there"; exit 1; }`;

const TAKE_KEY = `set -e
  echo stolen-password >/tmp/stolen
  mine=$(restic key list --json | jq -r '.[] | select(.current) | .id')
  restic key add --new-password-file /tmp/stolen
  RESTIC_PASSWORD=stolen-password restic key remove "$mine"`;

export function resticMoves(server: ShopServer, loot: Loot, target: Target): Moves {
  const all = (script: (file: string, door: Door) => string[]) => async (): Promise<Answer> => {
    const tally = new Tally();
    for (const file of loot.repositories)
      for (const one of script(file, door(loot.environments[file]!, target))) await tally.command(server, one);
    return tally;
  };
  return {
    "repository/key": all((file, to) => [withRestic(file, target, to, TAKE_KEY)]),
    "repository/forget": all((file, to) => [withRestic(file, target, to, FORGET)]),
    "repository/door": all((file, to) => otherDoors(file, to, target)),
  };
}

/** Without the forced command, by SFTP, and through the account that the host has for its other backups. */
function otherDoors(file: string, to: Door, target: Target): string[] {
  const through = rclone(target, `lsf -R ${at(target, "")} | grep -E '(^|/)(data/[0-9a-f]{2}|snapshots|keys)/'`);
  if (!to.ssh) return [through];
  const open = withRestic(
    file,
    target,
    { options: to.options.replace(/" -o rclone.args=$/, ' rclone serve restic --stdio ." -o rclone.args=') },
    FORGET,
  );
  return [
    open,
    `echo 'rm *' | ${to.ssh("sftp")}`,
    // The forced command takes no notice of what was asked for and ends well: what counts is whether that was run.
    ran(to.ssh("'rm -rf data && echo it-was-run'")),
    ran(to.ssh("'dd of=.ssh/authorized_keys && echo it-was-run'")),
    through,
  ];
}

const ran = (command: string): string => `${command} </dev/null | grep -qa it-was-run`;

/** Whether the repository still gives back everything it holds. An index that is gone is made again from the packs. */
export async function opens(server: ShopServer, loot: Loot, target: Target): Promise<string> {
  const tally = new Tally();
  for (const file of loot.repositories) {
    const to = door(loot.environments[file]!, target);
    const index = to.ssh ? "" : "restic unlock --remove-all; restic rebuild-index && ";
    await tally.command(server, withRestic(file, target, to, `${index}restic check --read-data`));
  }
  return tally.refused === 0 && tally.done > 0 ? "whole" : tally.said.join("; ");
}
