import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir, repository } from "../config.js";
import type { Check } from "../shop/content.js";

const run = promisify(execFile);

/** What must come of each trial of lab/hosts/cron-host.sh; numbers are exit codes of the scripts. */
const EXPECTED: Readonly<Record<string, string>> = {
  "install without cron": "42",
  "install with cron stopped": "42",
  install: "0",
  "schedule of the job of every minute": "* * * * *",
  "deploy the missed job": "0",
  "the job of every minute": "ok",
  "it began with the minute": "true",
  "its backup": "equal",
  "the missed job": "ok",
  "its log": "event=missed job=missed",
  "remove a job": "0",
  "take Granary off": "0",
  "left in /etc/cron.d": "0",
};

/** Longest it may take, milliseconds: cron acts at full minutes, and a missed job waits one more. Usually 80 seconds. */
const LIMIT = 240_000;

/**
 * A host without systemd: a Debian machine whose first process is none, with Debian's cron, runs two jobs. Its disk is the
 * base root, unchanged, with a layer in memory on top; it has no network. Needs root and lab/hosts/base-root.sh's root.
 * @throws Error with what the machine said when the trial could not be carried out
 */
export async function cronHost(): Promise<Check[]> {
  const { stdout } = await run(
    "systemd-nspawn",
    [
      ...["-q", "-D", join(cacheDir(), "roots", "base"), "--volatile=overlay", "-M", "granary-cron", "--register=no"],
      ...["--keep-unit", "--private-network", "--resolv-conf=off", "--console=pipe", "--as-pid2"],
      `--bind-ro=${join(repository, "scripts")}:/srv/scripts`,
      `--bind-ro=${join(repository, "lab/hosts/cron-host.sh")}:/srv/cron-host.sh`,
      ...["--", "/bin/bash", "/srv/cron-host.sh"],
    ],
    { timeout: LIMIT, maxBuffer: 16 * 1024 * 1024 },
  );
  const found = JSON.parse(stdout) as Record<string, string>;
  return Object.entries(EXPECTED).map(([name, expected]) => {
    const actual = found[name] ?? "nothing";
    return { name: `without systemd: ${name}`, ok: actual === expected, expected, actual };
  });
}
