/** The arguments of `granary recover`. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError } from "../command.js";
import { readIdentity } from "../identity.js";

export interface RecoverOptions {
  settings: Settings;
  host: string;
  copy: string;
  at: string | undefined;
  from: "dump" | undefined;
  /** Somebody broke in. */
  room: { before: string; commit?: string | undefined } | undefined;
  identity: string;
  ca: string | undefined;
  sshKey: string | undefined;
  stack: string;
  verbose: boolean;
  json: boolean;
}

/** @throws UsageError, or SettingsError when the stack's settings are wrong */
export function recoverOptions(args: string[], directory: string): RecoverOptions {
  const { values, positionals } = parse(args);
  const { stack, verbose, json } = values;
  if (values.identity === undefined) throw new UsageError("--identity FILE is missing: backups open with nothing else");
  const settings = parseSettings(readStackFile(directory, stack));
  return {
    ...{ settings, stack, verbose, json, host: hostOf(settings, positionals), copy: copyOf(settings, values.copy) },
    ...{ at: atOf("--at", values.at), from: fromOf(values.from), room: roomOf(values), sshKey: values["ssh-key"] },
    identity: readIdentity(values.identity),
    ca: values.ca === undefined ? undefined : readFileSync(values.ca, "utf8"),
  };
}

function parse(args: string[]) {
  const parsed = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ copy: { type: "string" }, at: { type: "string" }, identity: { type: "string" }, ca: { type: "string" } },
      "clean-room": { type: "boolean", default: false },
      ...{ before: { type: "string" }, commit: { type: "string" } },
      ...{ from: { type: "string" }, "ssh-key": { type: "string" } },
      stack: { type: "string", default: "prod" },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { stack } = parsed.values;
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  return parsed;
}

function hostOf({ hosts }: Settings, [host, ...more]: string[]): string {
  if (host !== undefined && more.length === 0 && Object.hasOwn(hosts, host)) return host;
  throw new UsageError(`name one host: ${Object.keys(hosts).join(", ")}`);
}

function atOf(option: string, at: string | undefined): string | undefined {
  if (at === undefined || /^\d{8}T\d{6}Z$/.test(at) || Date.parse(at) <= Date.now()) return at;
  throw new UsageError(`${option} "${at}" is no time in the past: use one such as 2026-11-23T17:59:00Z, UTC`);
}

function roomOf(
  values: ReturnType<typeof parse>["values"],
): { before: string; commit?: string | undefined } | undefined {
  const { before, commit } = values;
  if (!values["clean-room"]) {
    if ((before ?? commit) === undefined) return undefined;
    throw new UsageError("--before and --commit belong to --clean-room: for a time, use --at");
  }
  if (values.at !== undefined) throw new UsageError("--clean-room takes --before and not --at");
  if (before === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(before))
    throw new UsageError(`--before "${before ?? ""}" is no time such as 2026-11-23T17:59:00Z`);
  if (commit !== undefined && !/^[0-9a-f]{7,40}$/.test(commit))
    throw new UsageError(`--commit "${commit}" is no commit: use its hash`);
  return { before: atOf("--before", before)!, commit };
}

function fromOf(from: string | undefined): "dump" | undefined {
  if (from === undefined || from === "dump") return from;
  throw new UsageError(`--from "${from}" is not known: use dump, or leave it out for the log`);
}

/** What no host can destroy is whole, whoever had the lost one. */
function copyOf({ copies }: Settings, wanted: string | undefined): string {
  const names = Object.keys(copies);
  const copy = wanted ?? names.find((name) => copies[name]!.kind !== "spaces") ?? names[0]!;
  if (names.includes(copy)) return copy;
  throw new UsageError(`there is no copy "${copy}": use ${names.join(", ")}`);
}
