import type { Area } from "./pitfall.js";

const HOST = "test/scripts/host.test.ts";
const NOTIFY = "test/scripts/notify.test.ts";
const GAPS = "test/scripts/wal-gaps.test.ts";
const FAULTS = "test/scripts/wal-faults.test.ts";

/** When it runs, who hears of it, and the log that never stops. */
export const running: Area = {
  heading: "Running, every day",
  pitfalls: [
    {
      pitfall: "summer time: a run happens twice, or not at all; a run is missed while the host is off",
      guard: ["settings/schedule/calendar.ts", "scripts/units/granary@.timer", "scripts/host/catch-up"],
      tests: [
        ["test/plan/next-runs.test.ts", "is the same: %s at random"],
        [HOST, "fails when systemd resolved %s to %s"],
        ["test/scripts/cron.test.ts", "runs a daily job %s"],
      ],
    },
    {
      pitfall: "cron has nearly nothing on its PATH",
      guard: ["scripts/lib/schedule/cron.sh"],
      tests: [["test/scripts/cron.test.ts", "gets a file a job in /etc/cron.d"]],
    },
    {
      pitfall: "a setting is written and not in force",
      guard: ["scripts/lib/schedule/systemd.sh", "scripts/lib/schedule/cron.sh"],
      tests: [
        [HOST, "writes the settings and the schedule, and asserts what systemd resolved"],
        [HOST, "fails when systemd resolved %s to %s"],
        ["test/scripts/cron.test.ts", "says so when what cron would read is not what was written"],
      ],
    },
    {
      pitfall: "the jobs of a host all start at three o'clock",
      guard: ["plan/spread.ts"],
      tests: [
        [
          "test/plan/spread.test.ts",
          "moves each later job on by ten minutes, past no job that was written for that minute",
        ],
      ],
    },
    {
      pitfall: "a run that never happened raises no alarm",
      guard: ["plan/status.ts", "scripts/lib/notify.sh"],
      tests: [
        ["test/plan/status.test.ts", "%s", "yesterday's alone"],
        [NOTIFY, "its start and its success, and no message"],
        ["test/cli/status.test.ts", "tells what became red once, and that it is no longer, to the webhook as well"],
      ],
    },
    {
      pitfall: "alerts are lost, because their one way out is broken or its program is not there",
      guard: ["scripts/lib/notify.sh", "scripts/host/install"],
      tests: [
        [NOTIFY, "its failure with the code, and a message that names what is wrong"],
        [HOST, "brings curl, without which no alert would leave the host"],
      ],
    },
    {
      pitfall: "a broken notifier turns a good backup red, or hides a bad one",
      guard: ["scripts/lib/notify.sh"],
      tests: [
        [NOTIFY, "%s does not turn a good backup red"],
        [NOTIFY, "does not hide a red one either"],
      ],
    },
    {
      pitfall: "the clock of a host is wrong",
      guard: ["scripts/lib/local.sh"],
      tests: [
        ["test/scripts/backup-refused.test.ts", "%s", "a clock before Granary"],
        ["test/scripts/backup-refused.test.ts", "%s", "a clock behind the newest backup"],
        ["test/scripts/backup.test.ts", "stay while the clock is not synchronised"],
      ],
    },
    {
      pitfall: "a slot for the log fills the server's disk",
      guard: ["scripts/lib/wal-server.sh"],
      tests: [
        [
          "test/scripts/wal-pieces.test.ts",
          "bounds the slot, ships to both copies and makes a base backup that counts",
        ],
      ],
    },
    {
      pitfall: "the log stops, and the archiver says that all is well until the disk is full",
      guard: ["scripts/lib/wal-alarm.sh"],
      tests: [
        [FAULTS, "that cannot be reached holds up no other, is an alarm, and has everything when it is back"],
        [FAULTS, "whose disk is nearly full receives no more, says so, and goes on when there is room"],
        [FAULTS, "that does not run the service says so"],
        [GAPS, "that is away is an alarm after a while"],
      ],
    },
    {
      pitfall: "the slot is lost, and a gap in the log stays unseen until a restore",
      guard: ["scripts/lib/wal-alarm.sh", "scripts/lib/wal-chain.sh"],
      tests: [
        [GAPS, "that lost the slot: a gap is told until a new base backup is in every copy"],
        [GAPS, "whose slot somebody dropped: the same"],
        [GAPS, "in which a segment is missing is a gap"],
      ],
    },
    {
      pitfall: "the server purges a binary log before it was saved",
      guard: ["scripts/lib/binlog-plan.sh"],
      tests: [
        [
          "test/scripts/mariadb-log.test.ts",
          "%s: an alarm at once, a chain of its own and a dump for it",
          "purged early",
        ],
      ],
    },
    {
      pitfall: "a quiet database looks like a log that does not come, or the other way round",
      guard: ["scripts/lib/wal-loop.sh"],
      tests: [["test/scripts/wal-pieces.test.ts", "go on while the database is quiet: a heartbeat has a time"]],
    },
    {
      pitfall: "a job is killed at any moment",
      guard: [
        "scripts/lib/local.sh",
        "scripts/lib/repository.sh",
        "scripts/lib/wal-spool.sh",
        "scripts/lib/replica-copy.sh",
      ],
      tests: [
        ["test/scripts/backup-killed.test.ts", "%s", "while uploading"],
        ["test/scripts/files-killed.test.ts", "kill -9 at %s"],
        ["test/scripts/base.test.ts", "killed while %s: the next one is whole"],
        [
          "test/scripts/mariadb-faults.test.ts",
          "that is killed at any step leaves nothing that counts, and the next one is whole",
        ],
        [
          "test/scripts/wal-pieces.test.ts",
          "of the service, killed at any moment while the server writes: the same chain, no gap",
        ],
        ["test/scripts/replica-killed.test.ts", "kill -9 %s"],
        ["test/scripts/restore-killed.test.ts", "%s", "while opening"],
        ["test/scripts/point.test.ts", "killed %s: the next run goes through"],
      ],
    },
  ],
};
