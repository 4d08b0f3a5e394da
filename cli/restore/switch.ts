import type { Check } from "../../plan/check.js";
import { UsageError, type Terminal } from "../command.js";
import { Evidence } from "../evidence/evidence.js";
import type { RestoringHost } from "./host.js";
import type { RestoreOptions } from "./options.js";
import type { Restored } from "./result.js";
import { databaseText, differenceLines } from "./summary.js";

/**
 * The whole of it: the shop's application is stopped, the data restored beside the live one and compared, the difference
 * shown, and after a yes the two are switched; then the application is started. Every step may be interrupted: the same
 * command again goes on, for what is restored is there still, and what was switched already stays, with what came in since.
 * `--again` is for data that was damaged a second time.
 *
 * @returns the exit code
 */
export async function switchOver(options: RestoreOptions, host: RestoringHost, terminal: Terminal): Promise<number> {
  if (!options.yes && terminal.ask === undefined)
    throw new UsageError("--switch asks before it switches, and there is no terminal: say --yes");
  const say = (text: string): void => terminal.err(text);
  const evidence = new Evidence("restore", options.host, terminal.directory, { say });
  let stopped = false;
  try {
    if (options.app !== undefined) {
      const { stop } = options.app;
      stopped = true;
      await evidence.phase("stop", "the shop's application", () => host.shell(stop));
    }
    const result = await restoreAndSwitch(options, host, terminal, evidence);
    if (options.app !== undefined) {
      const { start } = options.app;
      await evidence.phase("start", "the shop's application", () => host.shell(start));
      stopped = false;
    }
    if (result === undefined) {
      terminal.out("nothing was switched; what was restored is there still\n");
      return 0;
    }
    await finish(evidence, options, result, terminal);
    return 0;
  } catch (error) {
    if (stopped && options.app !== undefined)
      say(`the shop's application is stopped: run this again, or start it on ${options.host}: ${options.app.start}\n`);
    if (error instanceof Error) await evidence.finish(error);
    throw error;
  }
}

/** undefined: the answer was no. */
async function restoreAndSwitch(
  options: RestoreOptions,
  host: RestoringHost,
  terminal: Terminal,
  evidence: Evidence,
): Promise<Restored | undefined> {
  const reuse = options.again ? [] : ["--reuse"];
  const words = [options.job, ...options.which, ...reuse];
  const beside = await evidence.phase("restore", "beside the live data, and compared", async () =>
    parsed(await host.restore(words)),
  );
  if (beside.switched) return beside; // there was nothing to take the place of, or an earlier run did it
  terminal.err(`${differenceText(beside)}\n`);
  const answer = options.yes || (await terminal.ask?.("put what was restored in the place of the live data? [y/N] "));
  if (!isYes(answer)) return undefined;
  const again = ["--copy", beside.copy, "--at", beside.at ?? beside.stamp];
  const rest = without(options.which, ["--copy", "--at"]);
  const result = await evidence.phase("switch", "in one transaction; what was there is kept", async () =>
    parsed(await host.restore([options.job, ...again, ...rest, ...reuse, "--switch"])),
  );
  return { ...result, difference: beside.difference ?? null };
}

const parsed = (line: string): Restored => JSON.parse(line) as Restored;

const isYes = (answer: boolean | string | undefined): boolean =>
  answer === true || (typeof answer === "string" && /^y(es)?$/i.test(answer.trim()));

function differenceText(result: Restored): string {
  return (result.difference ? differenceLines(result.difference) : ["there is no difference to show"]).join("\n");
}

/** Options, in pairs, but for some. */
function without(pairs: string[], names: string[]): string[] {
  return pairs.filter((_, i) => !names.includes(pairs[i - (i % 2)] ?? ""));
}

async function finish(
  evidence: Evidence,
  options: RestoreOptions,
  result: Restored,
  terminal: Terminal,
): Promise<void> {
  const at = result.at ?? result.stamp;
  evidence.copy(result.copy);
  evidence.restored({
    // The other servers cannot rename a database, and refuse --switch.
    ...{ job: options.job, kind: "postgres", copy: result.copy, stamp: result.stamp },
    ...(result.from === "log" ? { recoveredTo: result.recovered?.lastCommit ?? at } : {}),
  });
  evidence.checks(proofs(result));
  const kept = result.old;
  const { json } = await evidence.finish(
    `${options.job} is as it was at ${at}${kept === null ? "" : `; kept: ${kept}`}`,
  );
  if (options.json) {
    terminal.out(`${JSON.stringify(result)}\n`);
    return;
  }
  terminal.out(databaseText(result, undefined));
  terminal.out(`evidence: ${json}\nto take it back: granary restore ${options.host} ${options.job} --undo\n`);
}

/** What the host compared before it switched, and that it did. */
function proofs({ compared, constraints, switched }: Restored): Check[] {
  const { tables, rows } = compared;
  return [
    {
      ...{ name: "tables compared with the backup, row by count", ok: tables > 0 },
      ...{ expected: "some", actual: `${tables} tables, ${rows} rows` },
    },
    {
      ...{ name: "constraints hold", ok: constraints !== undefined && constraints !== null },
      ...{
        expected: "all that held before",
        actual: `${constraints?.all ?? 0}, ${constraints?.notValid.length ?? 0} of them NOT VALID before`,
      },
    },
    { name: "in the place of the live data", ok: switched, expected: "true", actual: String(switched) },
  ];
}
