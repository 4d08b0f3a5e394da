/** What is in /etc/granary and /etc/cron.d against the settings and the last `pulumi up`. Contents are compared by hash. */
import { INSTALLED } from "../../../components/installed.js";
import { onHost, onLaptop, quoted, type Finding, type Step } from "../finding.js";
import { redeploy, type Expected } from "../program.js";
import type { Probe } from "../read.js";
import { sha256 } from "../state.js";

const ETC = "/etc/granary";

const red = (check: string, subject: string, found: string, ...fix: Step[]): Finding => ({
  ...{ check, subject, colour: "red", found, fix },
});

export function judgeSettings(expected: Expected, probe: Probe): Finding[] {
  const jobs = Object.keys(expected.jobs);
  return [
    ...jobs.flatMap((job) => jobSettings(job, expected, probe)),
    ...leftJobs(expected, probe),
    ...knownHosts(expected, probe),
    ...keys(expected, probe),
    ...(probe.manager === "cron" ? jobs.flatMap((job) => cronFile(job, expected, probe)) : []),
    ...leftCron(expected, probe),
  ];
}

/** Three that must agree: the settings, what was deployed last, what is there. */
function jobSettings(job: string, expected: Expected, probe: Probe): Finding[] {
  const path = `${ETC}/${job}.env`;
  const text = expected.deployed.settings[job];
  const up = onLaptop(`pulumi up --stack ${expected.stack}`);
  if (text === undefined) return [red("not-deployed", job, "the job is in the settings, and was not deployed", up)];
  const late = Object.entries(expected.jobs[job]!.calendars).flatMap(([key, calendar]) =>
    text.includes(`${key}=${calendar}\n`)
      ? []
      : [red("not-deployed", job, `its schedule of the settings, ${calendar}, was not deployed`, up)],
  );
  const seen = probe.paths[path];
  const fix = onLaptop(redeploy(expected));
  if (seen === undefined) return [...late, red("settings-missing", path, "it is not there", fix)];
  if (seen.sha256 !== sha256(text)) return [...late, red("settings-changed", path, "it is not what was deployed", fix)];
  return late;
}

function leftJobs({ jobs }: Expected, probe: Probe): Finding[] {
  return Object.keys(probe.paths).flatMap((path) => {
    const job = /^\/etc\/granary\/([^/]*)\.env$/.exec(path)?.[1];
    if (job === undefined || job in jobs) return [];
    const found = "the settings have no such job; its file holds credentials";
    return [red("job-left", path, found, onHost(`${INSTALLED}/host/remove-job ${quoted(job)}`))];
  });
}

/** The host key of the box, as every job that reaches it was told it. */
function knownHosts(expected: Expected, probe: Probe): Finding[] {
  const lines = Object.values(expected.deployed.settings).flatMap(
    (text) => /^GRANARY_BOX_KNOWN_HOST=(.+)$/m.exec(text)?.[1] ?? [],
  );
  const path = `${ETC}/known_hosts`;
  if (lines[0] === undefined || probe.paths[path]?.sha256 === sha256(`${lines[0]}\n`)) return [];
  const found = path in probe.paths ? "it is not the box's key that the settings pin" : "it is not there";
  return [red("known-hosts", path, found, onLaptop(redeploy(expected)))];
}

/** A key that was lost or exchanged cannot come back: the host makes another, and `pulumi up` makes it known. */
function keys({ deployed, stack, host }: Expected, probe: Probe): Finding[] {
  return Object.entries(deployed.keys).flatMap(([path, key]) => {
    if (probe.keys[path] === key) return [];
    const purpose = path.slice(`${ETC}/`.length, -"_ed25519".length);
    const found = !(path in probe.keys)
      ? "it is not there"
      : probe.keys[path] === ""
        ? "it holds no key that can be used"
        : "it is another key than the one that was made known";
    const up = onLaptop(`pulumi up --stack ${stack} --replace '**::${host}-${purpose}-key'`);
    return [red("key", path, found, onHost(`rm -f ${path} ${path}.pub`), up)];
  });
}

function cronFile(job: string, expected: Expected, probe: Probe): Finding[] {
  const path = `/etc/cron.d/granary-${job}`;
  const seen = probe.paths[path];
  const { cron: text, last } = probe.jobs[job] ?? {};
  const fix = onLaptop(redeploy(expected));
  const findings: Finding[] = [];
  if (seen === undefined) findings.push(red("cron-file", path, "it is not there", fix));
  else if (text !== undefined && seen.sha256 !== sha256(text))
    findings.push(red("cron-file", path, "it is not what the program writes", fix));
  else if (seen.mode !== "644" || seen.owner !== "0:0" || seen.type !== "regular file")
    findings.push(
      red("cron-file", path, `cron passes over it: a ${seen.type} of ${seen.owner} with mode ${seen.mode}`, fix),
    );
  if (typeof last?.["code"] === "number" && last["code"] !== 0)
    findings.push(
      red(
        "last-run",
        job,
        `its last run failed: ${last["code"]}, ${String(last["name"])}`,
        onHost("grep granary /var/log/syslog /var/log/granary.log | tail -n 30"),
      ),
    );
  return findings;
}

/** Where systemd starts the jobs, cron would start them a second time. */
function leftCron({ jobs }: Expected, probe: Probe): Finding[] {
  return Object.keys(probe.paths).flatMap((path) => {
    const job = /^\/etc\/cron\.d\/granary-(.*)$/.exec(path)?.[1];
    if (job === undefined || (probe.manager === "cron" && job in jobs)) return [];
    return [red("cron-left", path, "it starts a job that nothing else knows of", onHost(`rm -f ${quoted(path)}`))];
  });
}
