/** Units against the program's: their files, what overrides them, and what systemd made of both. */
import { onHost, onLaptop, quoted, type Finding, type Step } from "../finding.js";
import { redeploy, unitsOf, type Expected, type ExpectedJob } from "../program.js";
import type { Probe } from "../read.js";
import { sha256 } from "../state.js";

const UNITS = "/etc/systemd/system";

/** `granary-base@orders.timer` is of `granary-base@.timer`. */
const templateOf = (unit: string): string => unit.replace(/@.*(?=\.\w+$)/, "@");
export const jobOf = (unit: string): string => /@(.*)\.\w+$/.exec(unit)?.[1] ?? "";

export function judgeUnits(expected: Expected, probe: Probe): Finding[] {
  if (probe.manager !== "systemd") return [];
  return [
    ...unitFiles(expected, probe),
    ...overrides(expected, probe),
    ...unitsOf(expected.jobs).flatMap((unit) => resolved(unit, expected, probe)),
    ...Object.entries(expected.jobs).flatMap(([name, job]) => running(name, job, probe)),
    ...leftovers(expected, probe),
  ];
}

const red = (check: string, subject: string, found: string, ...fix: Step[]): Finding => ({
  ...{ check, subject, colour: "red", found, fix },
});

const RELOAD = "systemctl daemon-reload";
const activate = (unit: string): Step =>
  onHost(`systemctl unmask ${quoted(unit)}; systemctl enable --now ${quoted(unit)}`);

function unitFiles(expected: Expected, probe: Probe): Finding[] {
  const fix = onLaptop(redeploy(expected));
  const names = Object.keys(expected.program.files).filter((name) => name.startsWith("units/"));
  return names.flatMap((name) => {
    const path = `${UNITS}/${name.slice("units/".length)}`;
    const seen = probe.paths[path];
    if (seen === undefined) return [red("unit-missing", path, "it is not there", fix)];
    if (seen.sha256 !== expected.program.files[name]!.sha256)
      return [red("unit-changed", path, "its content is not the program's", fix)];
    return [];
  });
}

/** Text of the drop-in that host/install-job writes. */
const dropIn = (calendar: string): string => `[Timer]\nOnCalendar=\nOnCalendar=${calendar}\n`;

/** Schedules that the program writes, by the path of their drop-in. */
function schedules(jobs: Record<string, ExpectedJob>): Record<string, string> {
  const all = Object.values(jobs).flatMap(({ units, calendars }) =>
    Object.entries(units).flatMap(([unit, key]) =>
      key === undefined ? [] : [[`${UNITS}/${unit}.d/schedule.conf`, dropIn(calendars[key]!)] as const],
    ),
  );
  return Object.fromEntries(all);
}

/** Files that change what a unit is: the program writes schedules, and nothing else. */
function overrides(expected: Expected, probe: Probe): Finding[] {
  const own = schedules(expected.jobs);
  const fix = onLaptop(redeploy(expected));
  const missing = Object.entries(own).flatMap(([path, text]) => {
    const seen = probe.paths[path];
    if (seen?.sha256 === sha256(text)) return [];
    return [
      red(
        "schedule",
        path,
        `${seen === undefined ? "it is not there" : "it is another one"}, expected ${calendarIn(text)}`,
        fix,
      ),
    ];
  });
  const templates = Object.keys(expected.program.files).map((name) => `${UNITS}/${name.replace(/^units\//, "")}`);
  const known = new Set([...Object.keys(own), ...templates]);
  const foreign = Object.entries(probe.paths).flatMap(([path, { type, target }]) => {
    if (!/\/systemd\/system(\.control)?\//.test(path) || known.has(path) || type === "directory") return [];
    const unit = /\/(granary[\w-]*@[^/]*?)(?:\.d\/[^/]*)?$/.exec(path)?.[1] ?? "";
    if (!(jobOf(unit) in expected.jobs) && jobOf(unit) !== "")
      return [red("unit-left", path, "it is of no job of the settings", onHost(`rm -f ${quoted(path)}; ${RELOAD}`))];
    const what =
      target === "/dev/null"
        ? "the unit is masked"
        : path.includes(".d/")
          ? "it changes the unit"
          : "it stands in for the unit";
    return [red("override", path, `${what}; the program has no such file`, onHost(`rm -f ${quoted(path)}; ${RELOAD}`))];
  });
  return [...missing, ...foreign];
}

const calendarIn = (text: string): string => /OnCalendar=(.+)/.exec(text)?.[1] ?? "";

/** The unit as systemd has it in memory. */
function resolved(unit: string, expected: Expected, probe: Probe): Finding[] {
  const seen = probe.units[unit];
  if (seen === undefined)
    return [red("unit-unknown", unit, "systemd knows no such unit", onLaptop(redeploy(expected)))];
  const job = jobOf(unit);
  const rules = expected.program.rules.filter((rule) => rule.unit.test(unit));
  const wrong = rules.flatMap(({ property, value }) => {
    const pattern = value.replaceAll("%i", job);
    return new RegExp(`^${pattern}$`).test(seen[property] ?? "")
      ? []
      : [{ property, text: `${property} is '${short(seen[property] ?? "")}', expected '${pattern}'` }];
  });
  const state = wrong.filter(({ property }) => STATES.has(property));
  const off = state.length > 0 ? [red("unit-off", unit, texts(state), activate(unit))] : [];
  // A masked unit has no properties to speak of.
  const rest = seen["LoadState"] === "loaded" ? wrong.filter(({ property }) => !STATES.has(property)) : [];
  const files = foreignFiles(unit, seen);
  const fix = files.length > 0 ? removal(files) : onLaptop(redeploy(expected));
  return [
    ...off,
    ...(rest.length > 0 ? [red("property", unit, texts(rest), fix)] : []),
    // Those of Granary's own name were found where they lie.
    ...files
      .filter((path) => !/\/granary[^/]*@/.test(path))
      .map((path) => red("override", path, `${unit} is read from it`, removal([path]))),
    ...(seen["NeedDaemonReload"] === "yes" && seen["LoadState"] === "loaded"
      ? [red("reload", unit, "its files are newer than what systemd read", onHost(RELOAD))]
      : []),
    ...calendar(unit, seen, expected, probe),
  ];
}

const STATES = new Set(["LoadState", "UnitFileState", "ActiveState"]);
const short = (value: string): string => (value.length > 80 ? `${value.slice(0, 80)}…` : value);

/** The first few: where a whole unit is another one, everything is. */
function texts(wrong: { text: string }[]): string {
  const more = wrong.length > 4 ? [`${wrong.length - 4} more`] : [];
  return [...wrong.slice(0, 4).map(({ text }) => text), ...more].join("; ");
}

const removal = (paths: string[]): Step => onHost(`rm -f ${paths.map(quoted).join(" ")}; ${RELOAD}`);

/** Files beside the template and the schedule; those of the distribution are let be, for what they do is looked at. */
function foreignFiles(unit: string, seen: Record<string, string>): string[] {
  const own = [`${UNITS}/${templateOf(unit)}`, `${UNITS}/${unit}.d/schedule.conf`];
  const files = [seen["FragmentPath"] ?? "", ...(seen["DropInPaths"] ?? "").split(" ")];
  return files.filter((path) => path !== "" && !own.includes(path) && !/^(\/usr)?\/lib\//.test(path));
}

function calendar(unit: string, seen: Record<string, string>, expected: Expected, probe: Probe): Finding[] {
  const job = jobOf(unit);
  const key = expected.jobs[job]?.units[unit];
  const normal = probe.jobs[job]?.calendars[key ?? ""];
  if (key === undefined || normal === undefined || seen["ActiveState"] !== "active") return [];
  const times = [...(seen["TimersCalendar"] ?? "").matchAll(/OnCalendar=(.*?) ;/g)].map(([, time]) => time);
  if (times.length !== 1 || times[0] !== normal)
    return [
      red(
        "schedule",
        unit,
        `systemd starts it ${times.join(", ") || "never"}, expected ${normal}`,
        onLaptop(redeploy(expected)),
      ),
    ];
  // While its service runs, a timer has no next start: systemd tells it when the run is over.
  if ((seen["NextElapseUSecRealtime"] ?? "") !== "" || seen["SubState"] === "running") return [];
  return [red("schedule", unit, "it has no next start", onLaptop(redeploy(expected)))];
}

/** What goes on, and how the last run ended. */
function running(name: string, { units }: ExpectedJob, probe: Probe): Finding[] {
  return Object.keys(units).flatMap((unit) => {
    const service = unit.replace(/timer$/, "service");
    const seen = probe.units[service];
    if (seen === undefined) return [];
    const journal = onHost(`journalctl -u ${service} -o cat -n 30`);
    if (unit === service && seen["ActiveState"] !== "active")
      return [red("service-off", service, `it is ${seen["ActiveState"] ?? "not there"}`, activate(service), journal)];
    const { code, name: said } = probe.jobs[name]?.last ?? {};
    const reason =
      service.startsWith("granary@") && typeof code === "number" && code !== 0 ? ` (${code}, ${String(said)})` : "";
    if (unit !== service && !["success", "", undefined].includes(seen["Result"]))
      return [red("last-run", service, `its last run failed: ${seen["Result"]}${reason}`, journal)];
    return [];
  });
}

/** Units that go on without a job. */
function leftovers({ jobs }: Expected, probe: Probe): Finding[] {
  const own = new Set(unitsOf(jobs));
  return Object.entries(probe.loaded).flatMap(([unit, state]) => {
    if (jobOf(unit) === "" || own.has(unit) || !["active", "enabled", "activating", "failed"].includes(state))
      return [];
    const fix = onHost(
      `systemctl disable --now ${quoted(unit)}; systemctl reset-failed ${quoted(unit)} 2>/dev/null; true`,
    );
    return [red("unit-left", unit, `it is ${state}, and of no job of the settings`, fix)];
  });
}
