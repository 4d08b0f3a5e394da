import type { BoxSnapshot } from "../clouds/types.js";
import { boxMachine } from "./boxes.js";
import { execIn } from "./machines.js";

/**
 * Where a box keeps its snapshots: outside of every account's jail. They are copies, not links, so that what is written
 * over in place on the box does not change them. Unlike ZFS, a copy takes time: what is written meanwhile may be in it.
 */
const TAKE = `
  to=/zfs/snapshot/$2
  mkdir -p "/zfs/snapshot/.$2"
  find "/jail/$1/home" -mindepth 1 -maxdepth 1 ! -name .zfs -exec cp -a --reflink=auto -t "/zfs/snapshot/.$2" {} +
  mv "/zfs/snapshot/.$2" "$to"`;

const REMOVE = `rm -rf "/zfs/snapshot/$2"`;

/** Everything goes back as it was, and what is newer goes. Directories stay: the sub-accounts' homes are among them. */
const ROLL_BACK = `
  home=/jail/$1/home
  find "$home" -mindepth 1 -path "$home/.zfs" -prune -o ! -type d -exec rm -f {} +
  cp -a "/zfs/snapshot/$2/." "$home/"`;

/** Mounted whole and read-only, so that the account can neither write to it nor move it away. */
const SHOW = `
  mkdir -p /zfs/snapshot "/jail/$1/home/.zfs"
  mount --bind /zfs "/jail/$1/home/.zfs"
  mount -o remount,bind,ro "/jail/$1/home/.zfs"`;

const HIDE = `umount "/jail/$1/home/.zfs"; rmdir "/jail/$1/home/.zfs"`;

async function inBox(boxId: number, script: string, ...args: string[]): Promise<void> {
  await execIn(boxMachine(boxId), ["/bin/sh", "-ec", script, "sh", ...args]);
}

/** Copies what is on the box now to a place that no account can write to. */
export async function createBoxSnapshot({ boxId, username, name }: BoxSnapshot): Promise<void> {
  await inBox(boxId, TAKE, username, name);
}

export async function deleteBoxSnapshot({ boxId, username, name }: BoxSnapshot): Promise<void> {
  await inBox(boxId, REMOVE, username, name);
}

/** The box's files become what they were; empty directories that are newer stay. */
export async function rollBackBox({ boxId, username, name }: BoxSnapshot): Promise<void> {
  await inBox(boxId, ROLL_BACK, username, name);
}

/** Shows the main account its snapshots as `.zfs/snapshot/<name>`, read-only, or hides them. Sub-accounts never see them. */
export async function showBoxSnapshots(boxId: number, username: string, visible: boolean): Promise<void> {
  await inBox(boxId, visible ? SHOW : HIDE, username);
}
