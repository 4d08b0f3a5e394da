import { createHash } from "node:crypto";
import { once } from "node:events";
import { Client, type SFTPWrapper } from "ssh2";
import { BOX_PORT } from "../../plan/job-env.js";
import type { Contents, Vault } from "./damage.js";

/** The box's main account, which its owner has from the stack's state. */
export interface MainAccount {
  server: string;
  username: string;
  password: string;
  /** Public host key, `ssh-ed25519 AAAA…`. */
  hostKey: string;
}

const SNAPSHOTS = "/home/.zfs/snapshot";

/**
 * A box as its owner sees it: the main account over SFTP, with snapshots shown.
 * @param rollBack takes the box back to its newest snapshot, through Hetzner's API
 */
export async function boxVault(account: MainAccount, rollBack: () => Promise<void>): Promise<Vault> {
  const client = new Client();
  const { server: host, username, password, hostKey } = account;
  client.connect({
    ...{ host, username, password, port: BOX_PORT },
    hostVerifier: (key: Buffer) => key.toString("base64") === hostKey.split(" ")[1],
  });
  await once(client, "ready");
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
    client.sftp((error, made) => (error ? reject(error) : resolve(made))),
  );
  return {
    backBy: "snapshots",
    read: async (key) => (await content(sftp, `/home/${key}`))?.toString() ?? "",
    close: () => Promise.resolve(void client.end()),
    repair: rollBack,
    look: async () => {
      const contents: Contents = { now: await hashes(sftp, "/home"), kept: new Map() };
      for (const snapshot of await names(sftp, SNAPSHOTS))
        for (const [key, hash] of await hashes(sftp, `${SNAPSHOTS}/${snapshot}`))
          contents.kept.set(key, (contents.kept.get(key) ?? new Set()).add(hash));
      return contents;
    },
  };
}

/** Hashes of all files below a directory, by path relative to it. What the owner cannot read is not there. */
async function hashes(sftp: SFTPWrapper, top: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (below: string): Promise<void> => {
    for (const { filename, attrs } of await list(sftp, `${top}/${below}`)) {
      const key = `${below}${filename}`;
      if (attrs.isDirectory()) {
        if (key !== ".zfs") await walk(`${key}/`);
      } else {
        const bytes = await content(sftp, `${top}/${key}`);
        if (bytes !== undefined) found.set(key, createHash("sha256").update(bytes).digest("hex"));
      }
    }
  };
  await walk("");
  return found;
}

async function names(sftp: SFTPWrapper, directory: string): Promise<string[]> {
  return (await list(sftp, directory)).map(({ filename }) => filename);
}

type Entries = Awaited<ReturnType<typeof readdir>>;
const readdir = (sftp: SFTPWrapper, directory: string) =>
  new Promise<{ filename: string; attrs: { isDirectory(): boolean } }[]>((resolve, reject) =>
    sftp.readdir(directory, (error, entries) => (error ? reject(error) : resolve(entries))),
  );

function list(sftp: SFTPWrapper, directory: string): Promise<Entries> {
  return readdir(sftp, directory).catch(() => []);
}

function content(sftp: SFTPWrapper, file: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => sftp.readFile(file, (error, bytes) => resolve(error ? undefined : bytes)));
}
