/** What `probe.sh` printed, as data. */

/** A command that cron starts. */
export interface CronLine {
  /** As cron writes it: `0 3 * * *` or `@daily`. */
  schedule: string;
  command: string;
}

export interface Probe {
  cron: CronLine[];
  /** Text of each script by its path. */
  scripts: Record<string, string>;
  /** Images of the containers that run, by name. */
  containers: Record<string, string>;
  /** Directories that are worth a backup. */
  paths: string[];
  /** Directories that are Git repositories. */
  repositories: string[];
}

/** @throws Error when the text is not the probe's */
export function readProbe(text: string): Probe {
  if (!text.startsWith("@@ crontab root\n"))
    throw new Error("the server did not answer as expected: can root run bash there?");
  const probe: Probe = { cron: [], scripts: {}, containers: {}, paths: [], repositories: [] };
  for (const part of text.slice(3).split("\n@@ ")) {
    const [head = "", ...lines] = part.split("\n");
    const [kind = "", name = ""] = head.split(" ");
    if (kind === "crontab") probe.cron.push(...lines.flatMap((line) => cronLine(line, false)));
    if (kind === "system-crontab") probe.cron.push(...lines.flatMap((line) => cronLine(line, true)));
    if (kind.startsWith("script")) probe.scripts[name] = lines.join("\n");
    if (kind.startsWith("script:")) probe.cron.push({ schedule: kind.slice("script:".length), command: name });
    if (kind === "containers") for (const line of lines.filter(Boolean)) addContainer(probe, line);
    if (kind === "paths") probe.paths.push(...lines.filter(Boolean));
    if (kind === "repositories") probe.repositories.push(...lines.filter(Boolean));
  }
  return probe;
}

function addContainer(probe: Probe, line: string): void {
  const [name = "", image = ""] = line.split("\t");
  probe.containers[name] = image;
}

/** A line of a crontab; those of the system name a user before the command. Comments and variables are none. */
function cronLine(line: string, system: boolean): CronLine[] {
  if (/^\s*(#|$|\w+\s*=)/.test(line)) return [];
  const user = system ? "\\S+\\s+" : "";
  const match = new RegExp(`^\\s*(@\\w+|(?:\\S+\\s+){4}\\S+)\\s+${user}(.+)$`).exec(line);
  if (match === null) return [];
  const [, schedule = "", command = ""] = match;
  return [{ schedule: schedule.replace(/\s+/g, " "), command: command.trim() }];
}
