/** The recovery kit as one page to print: what there is, where, and the commands that bring it back. No secret is in it. */
import { readFileSync } from "node:fs";
import { backupJobs } from "../../settings/jobs/job.js";
import { replicasOf } from "../../settings/replicas.js";
import type { Settings } from "../../settings/schema.js";
import { escapeHtml as e } from "../html.js";
import { jobSteps, type Step } from "./by-hand.js";
import { fingerprint, type CodeFacts, type StackFacts } from "./facts.js";
import { bucketWay, waysIn, type Way } from "./ways-in.js";

export interface KitInput {
  stack: string;
  settings: Settings;
  state: StackFacts;
  code: CodeFacts;
  /** Who to call, one a line. */
  contacts: string[];
  /** Day the page is of. */
  now: Date;
}

/** The whole page. */
export function kitPage(input: KitInput): string {
  const { stack, settings, state, now } = input;
  const ways = waysIn(settings, state.boxes);
  const body = [
    `<h1>Recovery kit</h1><p>Stack ${e(stack)}, ${now.toISOString().slice(0, 10)}. Print it, fill in what is blank by hand, keep it apart from the servers and the laptop. There is no secret in what is printed. Make it anew when the settings change, or once a year.</p>`,
    first(),
    people(input.contacts, ways),
    keys(settings),
    places(settings, ways),
    servers(settings, state),
    code(input),
    `<h2 class="page">7. By hand, with nothing of Granary</h2>`,
    byHand(settings, ways),
    withGranary(input),
  ];
  const style = readFileSync(new URL("./kit.css", import.meta.url), "utf8");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Recovery kit, ${e(stack)}, ${now.toISOString().slice(0, 10)}</title><style>
${style}</style></head>
<body>
${body.join("\n")}
</body>
</html>
`;
}

const BLANK = "\u00a0";

/** The first row is the head; an empty cell is one to fill in. */
function table([head = [], ...rows]: string[][]): string {
  const cell = (text: string) => (text === "" ? `<td class="blank">${BLANK}</td>` : `<td>${e(text)}</td>`);
  const heads = head.map((text) => `<th>${e(text)}</th>`).join("");
  return `<table><tr>${heads}</tr>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}</table>`;
}

function step({ title, text, code }: Step): string {
  const told = text === undefined ? "" : `<p>${e(text)}</p>`;
  return `<h3>${e(title)}</h3>${told}\n<pre><code>${e(code)}</code></pre>`;
}

function first(): string {
  return `<h2>1. First</h2><ol>
<li>Delete nothing, and pay the companies' bills: the copies are there as long as the accounts are.</li>
<li>Someone broke in? Cut the server off and take a snapshot of its disk. Use backups from <b>before</b>, and let no old server near the new one. Change every password that was on it.</li>
<li>The laptop and this folder are there: follow docs/recovery.md. Nothing is there: a new machine, an identity (3), one login (2), then section 7. Any one copy is enough.</li>
</ol>`;
}

function people(contacts: string[], ways: Way[]): string {
  const companies = [...new Set(ways.map(({ company }) => company))];
  const accounts = [...companies, "Domain and DNS", "Git hosting", "The mailbox all of these belong to"];
  return `<h2>2. People and accounts</h2>
${table([["who", "telephone, mail"], ...contacts.map((contact) => contactRow(contact)), ["", ""], ["", ""]])}
<p class="note">Where the password is kept, not the password itself.</p>
${table([["account", "login", "password is kept", "second factor, recovery codes are kept"], ...accounts.map((name) => [name, "", "", ""])])}`;
}

/** "Name: how to reach", or all in one cell. */
function contactRow(contact: string): string[] {
  const [, who = contact, how = ""] = /^([^:]+):\s*(.+)$/.exec(contact) ?? [];
  return [who, how];
}

function keys({ encryption }: Settings): string {
  const rows = encryption.recipients.map((recipient) => [recipient, "", ""]);
  return `<h2>3. The keys</h2>
<p>Each line is the public half of an identity. The private half, a file with a line AGE-SECRET-KEY-1…, opens every backup made for it; <code>age-keygen -y FILE</code> prints its public half. Without one, no one can open anything.</p>
${table([["public half", "private half is kept", "by whom"], ...rows])}
${table([
  ["also needed for Granary itself", "is kept"],
  ["passphrase of the Pulumi stack", ""],
  ["SSH key that logs in as root", ""],
])}`;
}

function places(settings: Settings, ways: Way[]): string {
  const uploads = replicasOf(settings).flatMap(({ job }) => {
    if (job.holds !== "uploads") return [];
    const [from, to] = [bucketWay(job.from, job.source), bucketWay(job.from, job.target)];
    return [
      [`uploads ${job.from}`, from.company, from.where],
      [`uploads ${job.from}, replica`, to.company, to.where],
    ];
  });
  const { dailyDays, monthlyMonths, annualYears } = settings.retention;
  return `<h2>4. Where the copies are</h2>
${table([["copy", "company", "where"], ...ways.map(({ name, company, where }) => [name, company, where]), ...uploads])}
<p>In each: <code>daily/HOST/JOB/</code> of ${dailyDays} days, <code>monthly/</code> of ${monthlyMonths} months and <code>annual/</code> of ${annualYears} years, the same inside; <code>base/</code> and <code>wal/</code> for a restore to the minute; <code>files/</code> with restic repositories. A backup counts if its <code>.json</code> is there. Uploads in buckets are plain objects: <code>rclone copy</code> brings them back.</p>`;
}

function servers(settings: Settings, { hosts }: StackFacts): string {
  const rows = Object.entries(settings.hosts).map(([name, host]) => {
    const addressed = "server" in host ? undefined : host;
    const { address, hostKey } = hosts[name] ?? addressed ?? { address: "", hostKey: "" };
    const jobs = Object.entries(host.jobs).map(([job, { kind }]) => `${job} (${kind})`);
    const key = hostKey === "" ? "" : fingerprint(hostKey);
    return [name, address, `${host.provider}, ${host.country}`, key, jobs.join(", ")];
  });
  return `<h2>5. The servers</h2>
${table([["server", "address", "company, country", "SSH host key", "what is backed up"], ...rows])}`;
}

function code({ state, code: facts, stack }: KitInput): string {
  return `<h2>6. Granary itself</h2>
${table([
  ["what", "where"],
  ["code", facts.remote ?? ""],
  ["commit", facts.commit ?? ""],
  ["version", `Granary ${facts.version}, Node.js ${facts.node}, Pulumi ${facts.pulumi ?? "______"}`],
  ["settings", `Pulumi.${stack}.yaml in the code; its secrets are encrypted with the passphrase`],
  ["state", state.backend ?? ""],
])}
<p class="note">The state is not needed to read a backup. docs/state.md says what its loss means.</p>`;
}

function byHand(settings: Settings, ways: Way[]): string {
  const steps: Step[] = [
    {
      title: "Programs",
      text: "Any Debian or Ubuntu. For a database its client programs too, of the same version as the server or newer.",
      code: "sudo apt install age rclone restic zstd jq git",
    },
    {
      title: "A place, and the identity",
      text: "Put the file of one identity on this machine, best in memory (/dev/shm). It must print one of the lines of section 3.",
      code: `umask 077; mkdir -p ~/back && cd ~/back
IDENTITY=~/identity-owner.txt                      # where you put it
age-keygen -y "$IDENTITY"`,
    },
    ...ways.map(({ name, ask, code }) => ({ title: `A way in to copy ${name}`, text: ask, code })),
  ];
  const hosts = Object.entries(settings.hosts).flatMap(([host, { jobs }]) => {
    const backups = Object.entries(backupJobs(jobs));
    if (backups.length === 0) return [];
    const roots = ways.map((way) => ({
      title: `Server ${host}, from copy ${way.name}`,
      code: way.roots(host),
    }));
    return [...roots, ...backups.flatMap(([job, settingsOf]) => jobSteps(host, job, settingsOf))];
  });
  return `<p>In one shell (bash), from top to bottom. Of the ways in, and of the lines that name a copy, use one.</p>
${[...steps, ...hosts].map(step).join("\n")}`;
}

function withGranary({ code: facts, stack, state }: KitInput): string {
  return `<h2>8. With Granary, on a new laptop</h2>
${step({
  title: "The code, the state, the passphrase",
  text: "Node.js and Pulumi of the versions above; the tokens of README, step 2. If the state is lost: docs/state.md.",
  code: `git clone ${facts.remote ?? "______"} granary && cd granary
npm ci
pulumi login ${state.backend ?? "______"}
read -rsp 'passphrase: ' PULUMI_CONFIG_PASSPHRASE && export PULUMI_CONFIG_PASSPHRASE
pulumi stack select ${stack} && npx granary check --stack ${stack}`,
})}
<p>Then docs/recovery.md, from the top.</p>`;
}
