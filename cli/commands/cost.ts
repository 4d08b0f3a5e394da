import { parseArgs } from "node:util";
import { costOf, DEFAULTS, sizesOf, type Assumptions } from "../../plan/cost.js";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command } from "../command.js";
import { costText } from "../cost-report.js";

const HELP = `usage: granary cost [--stack NAME] [--size HOST/JOB=GIB]... [--growth PERCENT] [--usd RATE] [--json]

Estimates what copies, replicas, buckets of uploads and drills of Pulumi.<NAME>.yaml cost a month: the first one, and
those after 1 and 5 years of growth, in EUR, USD and XOF, without VAT. Touches nothing, needs no credentials.

  --stack NAME          the stack (prod)
  --size HOST/JOB=GIB   size of one backup of a job, compressed, or uploads/NAME=GIB of a bucket; may be repeated
                        (database 1, files and uploads 20, logs and source 0.1, configs 0.01)
  --growth PERCENT      growth of all of it a month (3)
  --usd RATE            dollars a euro buys
  --json                the same as JSON

example: granary cost --size shop/orders=2.5 --size shop/media=60 --growth 5

exit codes: 0 estimated, 1 the settings are wrong, 64 wrong arguments
`;

const OPTIONS = {
  stack: { type: "string", default: "prod" },
  size: { type: "string", multiple: true, default: [] as string[] },
  growth: { type: "string" },
  usd: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** `granary cost`: what a stack's backups cost a month. */
export const cost: Command = {
  summary: "estimate what the copies cost a month, now and in years",
  help: HELP,
  // eslint-disable-next-line @typescript-eslint/require-await -- a command may wait; this one has nothing to wait for
  async run(args, terminal) {
    const { stack, size, growth, usd, json } = parseArgs({ args, options: OPTIONS, strict: true }).values;
    if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
    const settings = parseSettings(readStackFile(terminal.directory, stack));
    const assumptions: Assumptions = {
      sizes: sizesIn(size, settings),
      growth: growth === undefined ? DEFAULTS.growth : number("--growth", growth, 0, 100) / 100,
      usdPerEur: usd === undefined ? DEFAULTS.usdPerEur : number("--usd", usd, 0.1, 10),
    };
    const found = costOf(settings, assumptions);
    terminal.out(json ? `${JSON.stringify(found, undefined, 2)}\n` : costText(found));
    return 0;
  },
};

function sizesIn(texts: string[], settings: Settings): Record<string, number> {
  const known = Object.keys(sizesOf(settings, {}));
  return Object.fromEntries(
    texts.map((text) => {
      const [name = "", value = "", ...more] = text.split("=");
      if (more.length > 0 || !known.includes(name))
        throw new UsageError(`bad --size "${text}": use NAME=GIB with one of ${known.join(", ")}`);
      return [name, number("--size", value, 0, 100_000)];
    }),
  );
}

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`bad ${option} "${text}": use a number from ${least} to ${most}`);
}
