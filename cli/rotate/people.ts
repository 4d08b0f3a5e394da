/** What of a host's credentials no program can replace. */
import type { Settings } from "../../settings/schema.js";

/** What is known of it, names only. */
export interface Known {
  settings: Settings;
  host: string;
  /** Jobs with a password in `granary:databasePasswords`, `host/job`. */
  databasePasswords: string[];
  /** Names in `granary:alertSecrets`. */
  alertSecrets: string[];
  /** The host's new public key for its Git remote. */
  deployKey: string | undefined;
}

/** One line each; the values were never the program's own, or are somebody else's to change. */
export function forPeople({ settings, host, databasePasswords, alertSecrets, deployKey }: Known): string[] {
  const jobs = Object.entries(settings.hosts[host]!.jobs);
  const files = jobs.filter(([, { kind }]) => kind === "files").map(([job]) => job);
  const own = databasePasswords.filter((name) => name.startsWith(`${host}/`));
  const remotes = jobs.flatMap(([, job]) => (job.kind === "source" && job.remote !== undefined ? [job.remote] : []));
  return [
    ...own.map(
      (name) =>
        `database password of ${name}: a new one in the server, then ` +
        `\`pulumi config set --secret --path 'granary:databasePasswords["${name}"]'\` and \`pulumi up\``,
    ),
    ...(alertSecrets.length === 0
      ? []
      : [`new secrets for alerts (${alertSecrets.join(", ")}): where they are from, then in granary:alertSecrets`]),
    ...(deployKey === undefined
      ? []
      : [`at ${[...new Set(remotes)].join(", ")}: deploy key ${deployKey.trim()} added, the old one removed`]),
    ...(files.length === 0
      ? []
      : [
          `if somebody broke in: ${files.join(", ")} under a new name in the settings, and so a new repository beside the old ` +
            "one: who had its password may have its master key, which no new password changes",
        ]),
    "if somebody broke in: a new server with a new SSH host key (granary recover HOST --clean-room)",
    "second factors of every administrator, keys of payment, mail, registrar and hosting companies",
  ];
}
