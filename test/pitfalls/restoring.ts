import type { Area } from "./pitfall.js";

const RECOVER = "test/scripts/recover.test.ts";
const DATABASE = "test/drill/sabotage-database.test.ts";
const RESTORE = "test/scripts/restore-faults.test.ts";

/** The worst day. */
export const restoring: Area = {
  heading: "Restoring",
  pitfalls: [
    {
      pitfall: "a hash is right and the backup cannot be restored",
      guard: ["cli/drill/run.ts", "plan/backup-checks.ts"],
      tests: [
        [DATABASE, "what is as it should be is green"],
        [DATABASE, "a table is missing, and the manifest fits"],
        [DATABASE, "an empty dump with a valid manifest"],
        ["test/drill/sabotage-uploads.test.ts", "most uploads vanished before the backup was made"],
      ],
    },
    {
      pitfall: "a restore ends with 0 after errors",
      guard: ["scripts/lib/restore-db.sh"],
      tests: [
        [RESTORE, "when pg_restore fails: the half-made database goes at the next run"],
        [RESTORE, "when the rows differ: it never goes live"],
        ["test/scripts/mariadb.test.ts", "%s; the next one brings all back"],
      ],
    },
    {
      pitfall: "a restore goes over what is live",
      guard: ["scripts/lib/restore-db.sh", "scripts/lib/restore-directory.sh"],
      tests: [
        [RESTORE, "into %s, which exists"],
        [
          "test/scripts/archive.test.ts",
          "never restores over what is there, and cleans up after a restore that was killed",
        ],
        [RECOVER, "into a directory that is not empty"],
      ],
    },
    {
      pitfall: "a drill hits production, or staging sends mail and takes payments",
      guard: ["cli/drill/live.ts", "scripts/host/staging-network"],
      tests: [
        ["test/cli/drill.test.ts", "is none of the stack's hosts, by address and by key, and has the label"],
        ["test/scripts/staging-network.test.ts", "lets only the copies that it is told be reached, and remembers them"],
        ["test/components/staging-server.test.ts", "lets SSH in, and nothing out to mail"],
      ],
    },
    {
      pitfall: "a piece of the log is missing in a copy, and the recovery stops there without a word",
      guard: ["scripts/lib/wal-fetch.sh"],
      tests: [
        [RECOVER, "one piece deleted: names the segment, until when, and the copy that has it; before that it works"],
        [
          "test/scripts/mariadb-log.test.ts",
          "with a piece missing is a gap before anything is made; another copy has it",
        ],
      ],
    },
    {
      pitfall: "a base backup is damaged",
      guard: ["scripts/granary-recover-db"],
      tests: [
        [RECOVER, "the base backup changed by one bit"],
        [RECOVER, "the base backup is not what the server read: pg_verifybackup says so"],
      ],
    },
    {
      pitfall: "an artifact is damaged, and nobody says what else there is",
      guard: ["scripts/lib/fetch.sh", "scripts/lib/next-best.sh"],
      tests: [
        [RESTORE, "with a bit flipped in a stored artifact, which --verify finds too"],
        ["test/scripts/files-faults.test.ts", "is told at a restore, by the name of the copy; another copy is good"],
      ],
    },
    {
      pitfall: "a manifest that somebody wrote into the copy leads a restore elsewhere",
      guard: ["scripts/lib/manifest.sh"],
      tests: [[RESTORE, "with a manifest %s", "that names a file elsewhere"]],
    },
    {
      pitfall: "the identity is on a disk after the restore, or of somebody else",
      guard: ["scripts/lib/identity.sh"],
      tests: [
        [RESTORE, "where the identity would touch a disk"],
        [RESTORE, "with another's identity"],
      ],
    },
    {
      pitfall: "a server that was restored goes on with the old one's alarms and backups before it is whole",
      guard: ["scripts/lib/hold.sh"],
      tests: [["test/scripts/bring-back.test.ts", "makes no backup until it is let go"]],
    },
  ],
};
