import { createInterface } from "node:readline/promises";
import { EXIT_USAGE, UsageError, type Command, type Terminal } from "./command.js";
import { adopt } from "./commands/adopt.js";
import { check } from "./commands/check.js";
import { cost } from "./commands/cost.js";
import { doctor } from "./commands/doctor.js";
import { drill } from "./commands/drill.js";
import { keygen } from "./commands/keygen.js";
import { kit } from "./commands/kit.js";
import { maintain } from "./commands/maintain.js";
import { recover } from "./commands/recover.js";
import { restore } from "./commands/restore.js";
import { rotate } from "./commands/rotate.js";
import { scan } from "./commands/scan.js";
import { smoke } from "./commands/smoke.js";
import { status } from "./commands/status.js";
import { watch } from "./commands/watch.js";

/** Every command; one line each. */
const COMMANDS: Readonly<Record<string, Command>> = {
  adopt,
  check,
  cost,
  doctor,
  drill,
  keygen,
  kit,
  maintain,
  recover,
  restore,
  rotate,
  scan,
  smoke,
  status,
  watch,
};

/** Runs `granary <args>` and resolves to its exit code. */
export async function main(args: string[], terminal: Terminal = processTerminal()): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") return print(terminal, help());
  if (name === undefined) return usage(terminal, "no command given");
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return usage(terminal, `unknown command "${name}"`);
  if (rest.includes("--help") || rest.includes("-h")) return print(terminal, command.help);
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    if (isUsage(error)) return usage(terminal, `${name}: ${error.message}`, `granary ${name} --help`);
    terminal.err(`granary ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: granary <command> [options]\n\n${lines.join("\n")}\n\n  granary <command> --help tells more.\n`;
}

function print(terminal: Terminal, text: string): number {
  terminal.out(text);
  return 0;
}

function usage(terminal: Terminal, message: string, hint = "granary --help"): number {
  terminal.err(`granary: ${message}; commands: ${Object.keys(COMMANDS).join(", ")}; see \`${hint}\`\n`);
  return EXIT_USAGE;
}

/** node:util's parseArgs throws its own errors for arguments it does not know. */
function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    color: process.stdout.isTTY === true && !process.env["NO_COLOR"],
    directory: process.cwd(),
    ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
  };
}
