import type { Area } from "./pitfall.js";

const MAINTAIN = "test/plan/maintain.test.ts";
const FUTURE = "test/scripts/future.test.ts";
const SNAPSHOTS = "test/plan/snapshots.test.ts";

/** What goes, and what must not. */
export const keeping: Area = {
  heading: "Keeping and removing",
  pitfalls: [
    {
      pitfall: "deletion by age takes the last good copy",
      guard: ["plan/maintain.ts", "scripts/lib/local.sh"],
      tests: [
        [MAINTAIN, "never removes the newest two verified of a job, over all tiers; a promoted one is one"],
        ["test/cli/maintain.test.ts", "keeps the newest two verified, however old, and says so"],
        ["test/scripts/backup.test.ts", "never become fewer than two"],
        ["test/plan/simulate.test.ts", "holds the newest two that are not of the future"],
      ],
    },
    {
      pitfall: "what was never verified counts as a backup that is kept",
      guard: ["plan/maintain.ts"],
      tests: [
        [MAINTAIN, "does not count what was not verified, nor another job's"],
        [
          "test/cli/maintain.test.ts",
          "a backup whose artifact is not what its manifest says does not count as verified",
        ],
      ],
    },
    {
      pitfall: "a wrong clock makes a prune delete what is good",
      guard: ["plan/clock.ts", "cli/maintain/clock.ts"],
      tests: [
        [MAINTAIN, "that are further apart stop everything"],
        ["test/cli/maintain.test.ts", "does nothing while the clocks differ"],
      ],
    },
    {
      pitfall: "an append-only repository is poisoned: snapshots with other dates make the good ones look superfluous",
      guard: ["plan/snapshots.ts"],
      tests: [
        [SNAPSHOTS, "of the future are odd: five minutes are none"],
        [SNAPSHOTS, "put into the past since the last run are odd"],
        [SNAPSHOTS, "in masses are odd"],
        ["test/cli/maintain.test.ts", "notices a repository that shrinks, and snapshots that vanish"],
      ],
    },
    {
      pitfall: "a backup that is dated in the future is taken for the backup of its month, so that no good one is kept",
      guard: ["scripts/lib/tiers.sh", "plan/stamps.ts"],
      tests: [
        [FUTURE, "in the tier of its month and year, it does not stand for them: today's is kept too"],
        [FUTURE, "what a fast clock remembered of a period is not believed when the clock is right again"],
        ["test/plan/simulate.test.ts", "does not stand for its month or year: each has one that a right clock wrote"],
        [
          "test/plan/retention.test.ts",
          "are promoted where their period has only one that is dated later: a wrong clock wrote it",
        ],
      ],
    },
    {
      pitfall: "a backup that is dated in the future is taken for the newest",
      guard: [
        "plan/status.ts",
        "scripts/lib/fetch.sh",
        "scripts/lib/wal-fetch.sh",
        "plan/maintain.ts",
        "plan/backup-checks.ts",
      ],
      tests: [
        [
          "test/plan/status.test.ts",
          "that is dated in the future is not the newest: the one before it is told, and its age",
        ],
        [FUTURE, "it is not the latest that a restore takes; by its own stamp it can be had"],
        [MAINTAIN, "a future one is odd, and counts from the run that first saw it"],
        ["test/plan/simulate.test.ts", "takes no good one with it"],
        ["test/plan/simulate.test.ts", "is reported, does not count for the floor, and goes when its time is over"],
        ["test/plan/drill.test.ts", "%s", "from the future"],
      ],
    },
    {
      pitfall: "log is kept without the base backup it begins at, or a base backup without its log",
      guard: ["plan/maintain-log.ts", "plan/retention.ts", "settings/jobs/postgres.ts"],
      tests: [
        [MAINTAIN, "the newest base backup never goes, nor does the log that it needs"],
        [MAINTAIN, "no hole is made: a piece stays behind one that stays, whatever its own time says"],
        ["test/plan/simulate.test.ts", "of kind %s keeps what it must, and no more, %i times"],
        ["test/settings/jobs.test.ts", "%s", "with base backups rarer than a week"],
      ],
    },
    {
      pitfall: "after an upgrade of the server, retention of the old log deletes new backups",
      guard: ["scripts/lib/wal-state.sh", "plan/maintain-log.ts"],
      tests: [[MAINTAIN, "the log goes with the last base backup of its line, and a new line's does not hold it"]],
    },
    {
      pitfall: "a lock outlives the retention and stops the lifecycle",
      guard: ["plan/retention.ts", "settings/cross-checks.ts"],
      tests: [
        ["test/plan/retention.test.ts", "never locks longer than a tier is kept"],
        ["test/settings/bad-settings.test.ts", "is the shortest for locks and transitions too"],
      ],
    },
    {
      pitfall: "months of 28 days and years of 365: a rule in days removes a backup before its month or year is over",
      guard: ["plan/retention.ts"],
      tests: [
        ["test/plan/simulate.test.ts", "find out %s", "a month of 28 days"],
        ["test/plan/simulate.test.ts", "find out %s", "a year of 365 days"],
      ],
    },
    {
      pitfall: "something else deletes backups, and maintenance does not notice",
      guard: ["plan/maintain.ts"],
      tests: [
        [MAINTAIN, "what the last run left and is gone is odd"],
        ["test/cli/maintain.test.ts", "notices between two runs what vanished, and what was put into the past"],
      ],
    },
  ],
};
