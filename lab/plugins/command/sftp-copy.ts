/**
 * Copies a file or a folder over SFTP, with the official plugin's rules for where things land:
 *
 *     source | dest is a folder     | dest does not exist   | dest is a file
 *     -------|----------------------|-----------------------|-------------------
 *     dir    | dest/dir             | dest/dir              | error
 *     dir/   | dest/x for x in dir  | dest/x for x in dir   | error
 *     file   | dest/file            | dest                  | dest (overwritten)
 */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { posix } from "node:path";
import type { Client, SFTPWrapper } from "ssh2";

/** SFTP's status for "no such file". */
const NO_SUCH_FILE = 2;

/** Opens an SFTP session on the connection for as long as `use` runs. */
export async function withSftp(client: Client, use: (sftp: SFTPWrapper) => Promise<void>): Promise<void> {
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, session) => (error ? reject(error) : resolve(session)));
  });
  try {
    await use(sftp);
  } finally {
    sftp.end();
  }
}

type Kind = "folder" | "file" | "none";

function kindOf(sftp: SFTPWrapper, path: string): Promise<Kind> {
  return new Promise((resolve, reject) => {
    sftp.stat(path, (error, stats) => {
      if (!error) return resolve(stats.isDirectory() ? "folder" : "file");
      if ((error as { code?: number }).code === NO_SUCH_FILE) return resolve("none");
      reject(new Error(`failed to stat remote path ${path}: ${error.message}`));
    });
  });
}

/** Makes the folder unless it is there; a file in its place is an error. */
async function folder(sftp: SFTPWrapper, path: string): Promise<void> {
  const kind = await kindOf(sftp, path);
  if (kind === "file") throw new Error(`remote path ${path} exists but is not a directory`);
  if (kind === "folder") return;
  await new Promise<void>((resolve, reject) => {
    sftp.mkdir(path, (error) =>
      error ? reject(new Error(`failed to create remote directory ${path}: ${error.message}`)) : resolve(),
    );
  });
}

function file(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    sftp.fastPut(from, to, (error) =>
      error ? reject(new Error(`failed to copy file ${from} to remote path ${to}: ${error.message}`)) : resolve(),
    );
  });
}

async function content(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  await folder(sftp, to);
  const entries = await readdir(from, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const [source, target] = [join(from, entry.name), posix.join(to, entry.name)];
    // A link counts as what it points to only for files: a link to a folder is an error, as in the official plugin.
    if (entry.isDirectory()) await content(sftp, source, target);
    else await file(sftp, source, target);
  }
}

/** Copies what is at the local `source`; a trailing slash on a folder means its content. */
export async function copyPath(sftp: SFTPWrapper, source: string, dest: string): Promise<void> {
  const kind = await kindOf(sftp, dest);
  if (!(await stat(source)).isDirectory()) {
    return file(sftp, source, kind === "folder" ? posix.join(dest, basename(source)) : dest);
  }
  await folder(sftp, dest);
  await content(sftp, source, source.endsWith("/") ? dest : posix.join(dest, basename(source)));
}

/** Writes a text to the remote file `dest`. */
export async function copyText(sftp: SFTPWrapper, text: string, dest: string): Promise<void> {
  if ((await kindOf(sftp, dest)) === "folder") {
    throw new Error(`remote path ${dest} is a directory; when using a text asset, remotePath must be a file path`);
  }
  await new Promise<void>((resolve, reject) => {
    sftp.writeFile(dest, text, (error) =>
      error ? reject(new Error(`failed to create remote file ${dest}: ${error.message}`)) : resolve(),
    );
  });
}
