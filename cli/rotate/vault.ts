/** The copies, from outside the host: with the credentials of maintenance. */
import type { Repository } from "../../plan/retention.js";
import type { Settings } from "../../settings/schema.js";
import { withRemote } from "../maintain/remote.js";
import type { OpenRepository } from "../maintain/repositories.js";
import type { MaintenanceOutput } from "../stack.js";
import { refuses, type Door } from "./doors.js";
import { letIn, onlyOurs, opens, type KeptKey } from "./repositories.js";

/** One repository of the host in one copy. */
export interface Held extends Repository {
  copy: string;
}

/** What a rotation does in the copies. */
export interface Vault {
  /** Makes a new password open the repository beside the old one; whether there is a repository. */
  letIn(held: Held, old: string, next: string): Promise<boolean>;
  /** Removes every password but this one; what a lock keeps. */
  onlyOurs(held: Held, password: string): Promise<KeptKey[]>;
  opens(held: Held, password: string): Promise<"opens" | "refused" | "absent">;
  /** Whether a bucket refuses a key. */
  refuses(door: Door): Promise<boolean>;
}

/** @param sshKey private key file for a storage box; absent: the SSH agent's keys */
export function vaultOf(
  settings: Settings,
  { copies }: Pick<MaintenanceOutput, "copies">,
  sshKey: string | undefined,
): Vault {
  const at = <T>({ copy, host, job }: Held, password: string, use: (repository: OpenRepository) => Promise<T>) => {
    const access = copies[copy];
    if (access === undefined)
      throw new Error(
        `copy ${copy}: the stack has no credentials for maintenance, which change the password of ${host}/${job}: ` +
          "give granary:ssh your publicKey, run `pulumi up`, and run this again",
      );
    return withRemote(copy, settings.copies[copy]!, access, sshKey, (remote) => use({ remote, host, job, password }));
  };
  const lockDays = (copy: string): number => {
    const of = settings.copies[copy]!;
    return of.kind === "r2" ? of.lockDays : 0;
  };
  return {
    letIn: (held, old, next) => at(held, old, (repository) => letIn(repository, next)),
    onlyOurs: (held, password) =>
      at(held, password, (repository) => onlyOurs(repository, lockDays(held.copy), Date.now())),
    opens: (held, password) => at(held, password, opens),
    refuses: (door) => refuses(door),
  };
}
