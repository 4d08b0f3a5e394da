/** Asks hosts what is there, all at the same time: one that is dead is a finding, and stops no other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { runOnHost } from "../ssh.js";
import type { HostOutput } from "../stack.js";
import { onLaptop, type Finding, type HostFindings } from "./finding.js";
import { judge } from "./judge.js";
import { cronLines, expectedJobs, readProgram, unitsOf, type Expected } from "./program.js";
import { readProbe } from "./read.js";
import { deployedOn, readState, targetsOf } from "./state.js";

export interface LookOptions {
  directory: string;
  stack: string;
  /** Of which hosts; none: of all. */
  hosts: string[];
  sshKey: string | undefined;
}

/** So many hosts are asked at the same time. */
const AT_ONCE = 10;

/** Seconds after which a host that let us in is given up. */
const PATIENCE = "120";

/** What systemd is asked beside the properties of resolved.txt. */
const PROPERTIES = [
  "Id",
  "FragmentPath",
  "DropInPaths",
  "NeedDaemonReload",
  "Result",
  "TimersCalendar",
  "NextElapseUSecRealtime",
  "SubState",
];

/** @throws Error when the settings are wrong, the stack cannot be read, or there is no such host */
export async function lookAtHosts(options: LookOptions): Promise<HostFindings[]> {
  const { directory, stack } = options;
  const settings = parseSettings(readStackFile(directory, stack));
  const names = options.hosts.length > 0 ? options.hosts : Object.keys(settings.hosts);
  const unknown = names.filter((name) => !(name in settings.hosts));
  if (unknown.length > 0)
    throw new Error(
      `the settings have no host "${unknown.join('", "')}": they have ${Object.keys(settings.hosts).join(", ")}`,
    );
  const state = await readState(directory, stack);
  const targets = targetsOf(state);
  const program = readProgram();
  const found: HostFindings[] = [];
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const some = names.slice(i, i + AT_ONCE).map(async (host): Promise<HostFindings> => {
      const expected = { stack, host, program, jobs: expectedJobs(host, settings), deployed: deployedOn(host, state) };
      const { address, sshPort } = targets[host] ?? {};
      const reached = address === undefined || sshPort === undefined ? {} : { address, sshPort };
      return { host, ...reached, findings: await lookAt(expected, settings, targets[host], options.sshKey) };
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

async function lookAt(
  expected: Expected,
  settings: Settings,
  target: HostOutput | undefined,
  sshKey: string | undefined,
): Promise<Finding[]> {
  const { host, stack } = expected;
  const up = [onLaptop(`pulumi up --stack ${stack}`)];
  if (target === undefined)
    return [{ check: "not-deployed", subject: host, colour: "red", found: "the stack has no such host yet", fix: up }];
  const wanted = settings.hosts[host]!;
  if ("hostKey" in wanted && (wanted.hostKey !== target.hostKey || wanted.address !== target.address))
    return [
      {
        check: "not-deployed",
        subject: host,
        colour: "red",
        found: "the settings have another address or host key than the stack",
        fix: up,
      },
    ];
  const properties = [...new Set([...PROPERTIES, ...expected.program.rules.map(({ property }) => property)])];
  const command = ["timeout", PATIENCE, "bash", "--norc", "-s", "--", properties.join(","), ...unitsOf(expected.jobs)];
  const script = cronLines() + readFileSync(join(import.meta.dirname, "probe.sh"), "utf8");
  let said = "";
  const from = Date.now();
  const { code, stdout } = await runOnHost(target, command, script, { sshKey, err: (text) => (said += text) });
  const to = Date.now();
  if (code !== 0) return [silent(target, host, code, said)];
  try {
    return judge(expected, readProbe(stdout), { from, to });
  } catch (error) {
    const fix = [onLaptop(sshCommand(target, "bash --version"))];
    return [{ check: "host", subject: host, colour: "red", found: (error as Error).message, fix }];
  }
}

/** What a person types to do something on a host. */
export function sshCommand({ address, sshPort }: Omit<HostOutput, "hostKey">, command: string): string {
  return `ssh ${sshPort === 22 ? "" : `-p ${sshPort} `}root@${address} '${command.replaceAll("'", `'\\''`)}'`;
}

/** Why there is no answer. */
function silent(target: HostOutput, host: string, code: number, said: string): Finding {
  const { address, sshPort, hostKey } = target;
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    const sent = /SHA256:\S+?(?=\.?\s|$)/.exec(said)?.[0];
    const found =
      `${address} shows another key${sent === undefined ? "" : ` (${sent})`} than the pinned ${hostKey.split(" ").slice(0, 2).join(" ")}: ` +
      "compare it on the console of your provider, and do not log in before";
    const fix = [onLaptop(`ssh-keyscan -p ${sshPort} ${address} | ssh-keygen -lf -`)];
    return { check: "host-key", subject: host, colour: "red", found, fix };
  }
  const fix = [onLaptop(sshCommand(target, "true"))];
  if (code === 124)
    return { check: "host", subject: host, colour: "red", found: `it gave no answer in ${PATIENCE} s`, fix };
  const last = said.trim().split("\n").at(-1) ?? "";
  return {
    check: "host",
    subject: host,
    colour: "red",
    found: `it cannot be asked: ${last || `ssh ended with ${code}`}`,
    fix,
  };
}
