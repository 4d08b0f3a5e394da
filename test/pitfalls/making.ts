import type { Area } from "./pitfall.js";

const FAULTS = "test/scripts/backup-faults.test.ts";
const REFUSED = "test/scripts/backup-refused.test.ts";
const SEND = "test/scripts/backup-send.test.ts";
const KILLED = "test/scripts/backup-killed.test.ts";

/** From the database to the artifact that counts. */
export const making: Area = {
  heading: "Making a backup",
  pitfalls: [
    {
      pitfall: "a pipe hides that the dump failed, and twenty bytes of nothing are kept",
      guard: ["scripts/lib/seal.sh"],
      tests: [
        [FAULTS, "%s", "pg_dump dies midway"],
        [FAULTS, "%s", "zstd fails"],
        [FAULTS, "%s", "age stops early but says nothing"],
        ["test/scripts/static.test.ts", "%s: strict mode, usage, main last, executable"],
      ],
    },
    {
      pitfall: "the dump is cut off, and the program that passed it on says that all is well",
      guard: ["scripts/lib/ending.sh"],
      tests: [
        [FAULTS, "%s", "Docker cuts off the end of what pg_dump printed, and reports success"],
        ["test/scripts/mariadb-faults.test.ts", "%s", "the dump has no end, though the tool says all is well"],
      ],
    },
    {
      pitfall: "a failing command inside a function that is asked by `if` is passed over (`set -e` is off there)",
      guard: ["scripts/lib/copies.sh"],
      tests: [[SEND, "an upload that %s does not count", "reaches a copy but its manifest does not"]],
    },
    {
      pitfall: "a half-made file is published and counted by the retention",
      guard: ["scripts/lib/artifacts.sh"],
      tests: [
        [KILLED, "%s", "while dumping"],
        [KILLED, "%s", "between the renames"],
        [KILLED, "%s", "before the local manifest"],
        ["test/scripts/restore-faults.test.ts", "without a manifest: what has none does not exist"],
      ],
    },
    {
      pitfall: "the disk is full for months, and nobody knows",
      guard: ["scripts/lib/local.sh", "plan/status.ts"],
      tests: [
        [REFUSED, "%s", "too little space"],
        [FAULTS, "the disk is full"],
        ["test/plan/status.test.ts", "sizes %j: %s"],
      ],
    },
    {
      pitfall: "the tools are older than the server",
      guard: ["scripts/lib/pg.sh", "scripts/lib/mysql.sh"],
      tests: [
        [REFUSED, "%s", "an older client"],
        ["test/scripts/host.test.ts", "a client older than the server is not"],
        ["test/scripts/mariadb-faults.test.ts", "%s", "the dump program is older than the server"],
      ],
    },
    {
      pitfall: "a dump has the tables and not the roles",
      guard: ["scripts/lib/kinds/postgres.sh"],
      tests: [
        ["test/scripts/restore.test.ts", "onto a server that has nothing: everything is as it was (%s)"],
        ["test/scripts/backup.test.ts", "says so when roles cannot be saved with their passwords"],
      ],
    },
    {
      pitfall: "a dump of MySQL or MariaDB lacks events, routines, triggers and users",
      guard: ["scripts/lib/mysql-dump.sh", "scripts/lib/mysql-users.sh"],
      tests: [
        ["test/scripts/mariadb.test.ts", "onto a server that has nothing: everything is as it was (%s)"],
        ["test/scripts/mariadb-faults.test.ts", "%s", "the dump lacks what was asked for, and says nothing"],
      ],
    },
    {
      pitfall: "rows, roles and counts are of different moments",
      guard: ["scripts/lib/snapshot.sh"],
      tests: [["test/scripts/backup.test.ts", "takes rows, dump and snapshot of one instant while writes go on"]],
    },
    {
      pitfall: "a password is in the list of processes, a log or a file that others read",
      guard: ["scripts/lib/pg.sh", "scripts/lib/mysql.sh", "scripts/lib/copies.sh"],
      tests: [
        ["test/scripts/copies.test.ts", "no secret is in any argument, message or file where it need not be"],
        ["test/scripts/mariadb.test.ts", "keeps the password out of every argument and file"],
        ["test/scripts/files-by-hand.test.ts", "the password and the keys of the copies are in no argument"],
        [REFUSED, "%s", "settings others can read"],
      ],
    },
    {
      pitfall: "the plain dump lies on the disk until it is encrypted",
      guard: ["scripts/lib/seal.sh", "scripts/lib/wal-spool.sh"],
      tests: [
        [
          "test/scripts/plain.test.ts",
          "a dump reaches the disk encrypted: while it is made there is no other file of it",
        ],
        ["test/scripts/wal-pieces.test.ts", "leave nothing in the clear and no more than two segments on the host"],
      ],
    },
    {
      pitfall: "the key that decrypts is on the host, or the dump is encrypted to fewer people than was thought",
      guard: ["scripts/lib/env.sh", "scripts/lib/seal.sh"],
      tests: [
        [REFUSED, "%s", "an identity as recipient"],
        [FAULTS, "%s", "a recipient is dropped"],
        ["test/cli/keygen.test.ts", "refuses this project's own folder"],
      ],
    },
    {
      pitfall: "two runs at once spoil each other",
      guard: ["scripts/granary-backup"],
      tests: [
        [SEND, "at once: the second does nothing"],
        [SEND, "within one second: two stamps"],
      ],
    },
    {
      pitfall: "a file changes or vanishes while it is read, and the run is green",
      guard: ["scripts/lib/archive.sh", "scripts/lib/kinds/files.sh"],
      tests: [
        ["test/scripts/files-faults.test.ts", "files that vanish while they are read"],
        [
          "test/scripts/files-faults.test.ts",
          "a file that changes while the run goes on is reported; the next run has it",
        ],
        ["test/scripts/archive.test.ts", "a file that changes while it is read fails the run"],
      ],
    },
    {
      pitfall: "a path that is not there, or that the service cannot see, is saved as nothing",
      guard: ["scripts/lib/archive.sh", "settings/jobs/paths.ts"],
      tests: [
        ["test/scripts/files-faults.test.ts", "a path that is not there, before anything is made"],
        ["test/scripts/archive.test.ts", "a path that vanished is a failure, before anything is made"],
        ["test/settings/jobs.test.ts", "%s", "under root's home"],
      ],
    },
    {
      pitfall: "secrets get into Git with the code",
      guard: ["settings/cross-checks.ts"],
      tests: [["test/settings/jobs.test.ts", "%s", "with secrets in what is pushed"]],
    },
  ],
};
