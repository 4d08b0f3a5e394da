/** Where a private identity may be written: anywhere but in what Git keeps. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * The directory with its symbolic links resolved; it need not exist yet.
 * @throws Error when it is in a Git work tree: what lies there is committed one day
 */
export function outsideGit(directory: string): string {
  const place = real(resolve(directory));
  const tree = workTree(place);
  if (tree === undefined) return place;
  throw new Error(
    `${place} is inside the Git work tree ${tree}, where an identity would be committed one day: choose another place with --out, e.g. --out ~/granary-keys`,
  );
}

/** The path without symbolic links, of as much of it as exists. */
function real(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(real(dirname(path)), basename(path));
}

/** The nearest directory at or above the path that holds `.git`: a directory, or a file in a worktree or a submodule. */
function workTree(path: string): string | undefined {
  if (existsSync(join(path, ".git"))) return path;
  return dirname(path) === path ? undefined : workTree(dirname(path));
}
