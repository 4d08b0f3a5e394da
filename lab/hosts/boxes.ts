import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostHooks } from "../clouds/types.js";
import { repository } from "../config.js";
import { setHostName } from "../dns.js";
import { destroyMachine, execIn, makeRoot, startMachine, waitForPort } from "./machines.js";
import { nextAddress } from "./servers.js";

/** The machine that a box is. */
export const boxMachine = (id: number): string => `box-${id}`;
const addresses = new Map<number, string>();
const mainAccounts = new Map<number, string>();

/** The host key every lab box answers with, as Hetzner's boxes share theirs. */
export interface BoxHostKey {
  privateKeyFile: string;
}

/** A storage box: an sshd on port 23 whose accounts see only their own directory. */
export async function createBox(
  hostKey: BoxHostKey,
  box: { id: number; username: string; password: string; sshEnabled: boolean },
): Promise<{ server: string }> {
  const root = await makeRoot(boxMachine(box.id));
  const source = join(repository, "lab/hosts/box");
  await copyFile(join(source, "sshd_config"), join(root, "etc/ssh/sshd_config"));
  await mkdir(join(root, "usr/local/lib/box"), { recursive: true });
  await copyFile(join(source, "shell"), join(root, "usr/local/lib/box/shell"));
  await copyFile(hostKey.privateKeyFile, join(root, "etc/ssh/ssh_host_ed25519_key"));
  const address = nextAddress();
  addresses.set(box.id, address);
  mainAccounts.set(box.id, box.username);
  const start =
    "mkdir -p /run/sshd && ip address add ADDRESS dev host0 && ip link set host0 up && exec /usr/sbin/sshd -D -e";
  await startMachine(boxMachine(box.id), root, address, {
    command: ["/bin/sh", "-c", start.replace("ADDRESS", `${address}/24`)],
  });
  await waitForPort(address, 23);
  await execIn(boxMachine(box.id), ["/bin/sh", "-ec", "dpkg-deb -x /srv/lab-apt/rclone_*.deb /usr/local/lib/box"]);
  if (box.sshEnabled) await addAccount(box.id, box.username, box.password);
  const server = `${box.username}.box.lab`;
  await setHostName(server, address);
  return { server };
}

export async function deleteBox(id: number): Promise<void> {
  addresses.delete(id);
  await destroyMachine(boxMachine(id));
}

/** An account of its own whose home is `homeDirectory` below the main account's. */
export async function createSubaccount(account: Parameters<HostHooks["createSubaccount"]>[0]): Promise<void> {
  if (account.sshEnabled) await addAccount(account.boxId, account.username, account.password);
  const main = mainAccounts.get(account.boxId);
  const address = addresses.get(account.boxId);
  if (!main || !address) throw new Error(`no lab box ${account.boxId}`);
  const shared = `/jail/${main}/home/${account.homeDirectory}`;
  const home = `/jail/${account.username}/home`;
  await execIn(boxMachine(account.boxId), [
    ...[
      "/bin/sh",
      "-ec",
      'mkdir -p "$1" "$2"; [ "$4" = yes ] || chown "$3:" "$1"; mount --bind "$1" "$2"; [ "$4" = no ] || mount -o remount,bind,ro "$2"',
    ],
    ...["sh", shared, home, account.username, account.readonly ? "yes" : "no"],
  ]);
  await setHostName(`${account.username}.box.lab`, address);
}

export async function setSubaccountPassword(boxId: number, username: string, password: string): Promise<void> {
  await execIn(boxMachine(boxId), ["chpasswd"], `${username}:${password}\n`);
}

/** Closes the account; what it stored stays on the box, as at Hetzner. */
export async function deleteSubaccount(boxId: number, username: string): Promise<void> {
  await execIn(boxMachine(boxId), [
    ...["/bin/sh", "-ec", 'umount "/jail/$1/home"; userdel "$1"; rm -rf "/jail/$1"', "sh", username],
  ]);
}

/**
 * The jail holds what the limited shell runs; the account's own directory is `home` in it. All accounts of a box are one
 * user, as at Hetzner: the main account may change what any of them stored.
 */
async function addAccount(boxId: number, username: string, password: string): Promise<void> {
  const script = `
    useradd --no-create-home --home-dir /home --shell /bin/shell --non-unique --uid 2000 "$1"
    jail=/jail/$1
    mkdir -p "$jail/bin" "$jail/home" "$jail/etc" "$jail/dev"
    cp /bin/busybox "$jail/bin/busybox"
    install -m 0755 /usr/local/lib/box/shell "$jail/bin/shell"
    ln /usr/local/lib/box/usr/bin/rclone "$jail/bin/rclone"
    for library in $(ldd /usr/local/lib/box/usr/bin/rclone | grep -o '/[^ ]*'); do
      mkdir -p "$jail$(dirname "$library")"
      cp -L "$library" "$jail$library"
    done
    grep "^$1:" /etc/passwd > "$jail/etc/passwd"
    cp -a /dev/null "$jail/dev/null"
    chown "$1:" "$jail/home"
    chpasswd`;
  await execIn(boxMachine(boxId), ["/bin/sh", "-ec", script, "sh", username], `${username}:${password}\n`);
}
