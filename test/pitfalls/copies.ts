import type { Area } from "./pitfall.js";

const FILES = "test/scripts/files-faults.test.ts";
const SEND = "test/scripts/backup-send.test.ts";
const REPLICA = "test/scripts/replica-faults.test.ts";

/** Getting it there, and what is there. */
export const copies: Area = {
  heading: "The copies",
  pitfalls: [
    {
      pitfall: "an upload is trusted and never read",
      guard: ["scripts/lib/copies.sh"],
      tests: [
        [SEND, "an upload that %s does not count", "is truncated"],
        [SEND, "an upload that %s does not count", "comes back with a bit flipped"],
        [FILES, "%s that the copy did not keep as it was sent"],
        ["test/scripts/base.test.ts", "that a copy gives back changed does not count there"],
      ],
    },
    {
      pitfall: "one copy fails and the run is green, or it stops all the others",
      guard: ["scripts/lib/copies.sh"],
      tests: [[SEND, "one copy cannot be reached: the others get theirs, and the run names it"]],
    },
    {
      pitfall: "a copy is full",
      guard: ["scripts/lib/copies.sh", "scripts/lib/restic.sh"],
      tests: [
        [SEND, "an upload that %s does not count", "meets a copy that is full"],
        [FILES, "a copy that is full: named at once, not after minutes; the other copy is saved"],
      ],
    },
    {
      pitfall: "a backup is written over another one",
      guard: ["scripts/lib/copies.sh"],
      tests: [[SEND, "nothing that a copy holds is written over"]],
    },
    {
      pitfall: "one credential can delete every copy",
      guard: ["plan/retention.ts", "components/storage-box-copy.ts", "docs/security.md"],
      tests: [
        ["test/lab/attack/documented.test.ts", "at least one kind of copy loses no backup to any attack"],
        ["test/scripts/files-box.test.ts", "adds, and can neither take away nor change what is there"],
        ["test/components/spaces-copy.test.ts", "a host's key is readwrite on this one bucket, never fullaccess"],
      ],
    },
    {
      pitfall: 'restic\'s code for "some of it could not be read" is taken for success',
      guard: ["scripts/lib/repository.sh"],
      tests: [[FILES, "a file that cannot be read: the snapshots are made without it, and the run has failed"]],
    },
    {
      pitfall: "a stale lock stops all backups; or a lock that is no stale one is taken away",
      guard: ["scripts/lib/restic.sh"],
      tests: [
        [FILES, "of a process that is dead goes; one of a living process is waited for, then reported"],
        [FILES, "of another host is not taken away, even if its process is dead"],
        ["test/cli/maintain.test.ts", "leaves a repository alone while a backup runs, and says so"],
      ],
    },
    {
      pitfall: "the key of a repository is wrong, or the repository is gone, and a new one is made over it",
      guard: ["scripts/lib/repository.sh"],
      tests: [
        [FILES, "a wrong password: its own code, the repository untouched, the other copy saved"],
        [FILES, "a repository whose config is gone is not made anew over what is left of it"],
        [
          "test/scripts/files-s3.test.ts",
          "that does not answer, or refuses the key, gets no second repository: the copy fails by name",
        ],
      ],
    },
    {
      pitfall: "the host key of a box is not looked at",
      guard: ["scripts/lib/job-files.sh"],
      tests: [
        [
          "test/scripts/copies.test.ts",
          "an SFTP box without a shell: directories made, read back, restored from; another host key is refused",
        ],
        ["test/scripts/files-box.test.ts", "another host key, and a box that is away, fail by the name of the copy"],
      ],
    },
    {
      pitfall: "replication by `sync` carries deletions and overwrites to the replica",
      guard: ["scripts/lib/replica-copy.sh"],
      tests: [
        [REPLICA, "overwrites: the replica keeps what it has, the run is red and names the keys"],
        [REPLICA, "deletes: the replica keeps what it has, and the run is red until it is back"],
        [REPLICA, "on everything: an empty source takes nothing away"],
      ],
    },
    {
      pitfall: "a replica falls behind, unseen",
      guard: ["scripts/lib/replica-record.sh", "plan/status-replica.ts"],
      tests: [
        [REPLICA, "by a day is said with a code of its own, whatever rclone said"],
        [REPLICA, "counts from the oldest backup that waits, not from the newest"],
        ["test/plan/status.test.ts", "%s", "more than a day behind"],
        [
          "test/cli/status.test.ts",
          "reads of a replica the newest record, with a key of its own, and believes only what has its form",
        ],
      ],
    },
    {
      pitfall: "the ETag of an object sent in parts is no hash, and is compared as one",
      guard: ["scripts/lib/replica-list.sh"],
      tests: [
        [
          "test/scripts/replica-s3.test.ts",
          "an object sent in parts has no hash: it is copied, and not taken for a changed one",
        ],
      ],
    },
    {
      pitfall: "a key that may touch its objects only cannot ask for the bucket, and uploads fail",
      guard: ["scripts/lib/copies.sh"],
      tests: [
        ["test/scripts/copies.test.ts", "S3 with an item-scoped key and a lock: to it, read back, restored from it"],
      ],
    },
    {
      pitfall: "a branch that was rewritten is pushed by force over the good one",
      guard: ["scripts/lib/kinds/source.sh"],
      tests: [
        [
          "test/scripts/source.test.ts",
          "a branch that was rewritten is not forced: the run fails, the copies have the bundle, the remote keeps its own",
        ],
        ["test/scripts/source.test.ts", "a branch deleted here stays at the remote"],
      ],
    },
    {
      pitfall: "a copy is in the same place, or of the same company, as what it protects",
      guard: ["plan/proof.ts"],
      tests: [
        ["test/plan/proof.test.ts", "with the copies %j misses %j"],
        ["test/plan/replication.test.ts", "counts none of them: a copy and its replica are one copy"],
      ],
    },
  ],
};
