/**
 * Directories of a host on a storage box. Its artifacts and its restic repositories belong to two accounts, each of which
 * sees its own directory only: a host may do anything to the first, and only add to the second. A host's name has no dot,
 * so neither is another host's.
 */
import { FILES, prefix } from "./keys.js";

/** Home of the account for artifacts: `shop`. */
export const artifactsHome = (host: string): string => host;

/** Home of the account for repositories: `shop.files`. */
export const filesHome = (host: string): string => `${host}.files`;

/** Where the repository of a job is in the home of that account: `files/shop/media`. */
export const repositoryPath = (host: string, job: string): string => prefix(FILES, host, job).slice(0, -1);

/** The one command that a job's key may run there: rclone serves that repository, and changes or deletes nothing but locks. */
export const repositoryCommand = (host: string, job: string): string =>
  `rclone serve restic --stdio --append-only ./${repositoryPath(host, job)}`;

/** Line of `authorized_keys` for a job. @param key public key, `<type> <base64> …` */
export const repositoryKeyLine = (host: string, job: string, key: string): string =>
  `command="${repositoryCommand(host, job)}",restrict ${key.trim()}`;
