/** The machine itself: room on its disks, and its clock. */
import { onHost, type Finding } from "../finding.js";
import type { Probe } from "../read.js";

/** Below this share of a disk, or of its files, something else will fill it before the owner looks again. */
const LEAST = 0.05;
const MIB = 1 << 20;

/** A clock may be this far from the laptop's, milliseconds. */
const SKEW = 5_000;

/** @param asked between which moments of the laptop's clock the host was asked, milliseconds */
export function judgeMachine(probe: Probe, asked: { from: number; to: number }): Finding[] {
  return [...space(probe), ...clock(probe, asked)];
}

/** As a job asks for it before it starts: twice the newest backup, and one MiB. */
function space({ jobs, space: disks }: Probe): Finding[] {
  const largest = Math.max(0, ...Object.values(jobs).map(({ newest }) => newest));
  const needed = 2 * largest + MIB;
  const seen = new Set<string>();
  return disks.flatMap(({ path, available, size, inodes, allInodes }): Finding[] => {
    if (seen.has(path)) return [];
    seen.add(path);
    const fix = [onHost(`du -xh --max-depth=3 ${path} | sort -h | tail -n 20`)];
    const full = { check: "space", subject: path, colour: "red", fix } as const;
    if (available < needed) return [{ ...full, found: `${available} bytes are free, one more backup needs ${needed}` }];
    if (available < size * LEAST)
      return [{ ...full, found: `${Math.floor((100 * available) / size)} % of it are free` }];
    return allInodes > 0 && inodes < allInodes * LEAST
      ? [{ ...full, found: `${inodes} more files are its limit` }]
      : [];
  });
}

function clock(
  { manager, clock: { synchronized, zone, now } }: Probe,
  { from, to }: { from: number; to: number },
): Finding[] {
  const findings: Finding[] = [];
  const off = now < from ? now - from : Math.max(0, now - to);
  const fix = [onHost("timedatectl set-ntp true")];
  if (Math.abs(off) > SKEW)
    findings.push({
      check: "clock",
      subject: "clock",
      colour: "red",
      found: `it is ${Math.round(off / 1000)} s from this machine's`,
      fix,
    });
  if (synchronized === "no")
    findings.push({
      check: "clock-unsynchronized",
      subject: "clock",
      colour: "yellow",
      found: "nothing keeps it right (NTP)",
      fix,
    });
  if (manager === "cron" && zone !== "+0000") {
    const utc = [onHost("ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime; service cron restart")];
    findings.push({
      check: "zone",
      subject: "clock",
      colour: "red",
      found: `cron's times are UTC, the zone is ${zone}`,
      fix: utc,
    });
  }
  return findings;
}
