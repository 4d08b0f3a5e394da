/** What local and remote commands have in common: their properties and when which text runs. */
import { randomBytes } from "node:crypto";
import { log } from "../shared/engine-log.js";
import type { Resource } from "../shared/resource.js";
import { stateOf } from "../shared/resource.js";
import { boolean, list, map, string, type Props } from "../shared/schema.js";
import type { Value, Values } from "../shared/values.js";

/** The plugin needs no configuration. */
export type NoClient = Record<string, never>;

export interface Finished {
  stdout: string;
  stderr: string;
  /** Both, in the order in which they came. */
  output: string;
  /** What went wrong, e.g. `Process exited with status 3`; undefined after success. */
  failure: string | undefined;
}

/** Runs one command text with the resource's properties. */
export type Run = (command: string, properties: Values, environment: Values, urn: string) => Promise<Finished>;

export const common: Props = {
  create: string(),
  update: string(),
  delete: string(),
  stdin: string(),
  environment: map(string()),
  triggers: list({ type: "any" }, { replace: true }),
  logging: string({ oneOf: ["stdout", "stderr", "stdoutAndStderr", "none"] }),
  addPreviousOutputInEnv: boolean({ default: true }),
};

/** Collects a command's output and passes its lines on to the engine's display, unless `logging` says no. */
export class Collector {
  private readonly streams = { stdout: "", stderr: "" };
  private output = "";
  private readonly partial = { stdout: "", stderr: "" };

  constructor(
    private readonly logging: Value,
    private readonly urn: string,
  ) {}

  add(stream: "stdout" | "stderr", text: string): void {
    this.streams[stream] += text;
    this.output += text;
    if (this.logging !== undefined && this.logging !== stream && this.logging !== "stdoutAndStderr") return;
    const lines = (this.partial[stream] + text).split("\n");
    this.partial[stream] = lines.pop() ?? "";
    for (const line of lines) log("info", this.urn, line, true);
  }

  finish(failure: string | undefined): Finished {
    return { ...this.streams, output: this.output, failure };
  }
}

const withoutLastNewline = (text: string): string => text.replace(/\n$/, "");

/** Runs, and gives the two outputs. A failure's message holds the command's full text and output, whatever `logging` says. */
async function outputs(run: Run, command: string, properties: Values, previous: Values, urn: string): Promise<Values> {
  const added = properties["addPreviousOutputInEnv"] === false ? {} : previousOutput(previous);
  const { stdout, stderr, output, failure } = await run(command, properties, added, urn);
  if (failure !== undefined) throw new Error(`${failure}: running ${JSON.stringify(command)}:\n${output}`);
  return { stdout: withoutLastNewline(stdout), stderr: withoutLastNewline(stderr) };
}

function previousOutput(state: Values): Values {
  const names = { PULUMI_COMMAND_STDOUT: state["stdout"], PULUMI_COMMAND_STDERR: state["stderr"] };
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined && value !== ""));
}

const empty = { stdout: "", stderr: "" };
const textOf = (value: Value): string | undefined => (typeof value === "string" ? value : undefined);

/** A command resource: `create` on creation, `update` or else `create` on a change, `delete` on deletion. */
export function commandResource(
  token: string,
  own: Props,
  run: Run,
  check?: Resource<NoClient>["check"],
): Resource<NoClient> {
  const resource: Resource<NoClient> = {
    token,
    inputs: { ...common, ...own },
    outputs: { stdout: { unknownOnUpdate: true }, stderr: { unknownOnUpdate: true } },
    ...(check && { check }),

    async create(_client, inputs, urn) {
      const command = textOf(inputs["create"]);
      const outs = command === undefined ? empty : await outputs(run, command, inputs, {}, urn);
      return {
        id: `${urn.split("::").at(-1) ?? ""}${randomBytes(4).toString("hex")}`,
        outs: { ...stateOf(resource, inputs), ...outs },
      };
    },

    async update(_client, _id, inputs, old, urn) {
      const command = textOf(inputs["update"]) ?? textOf(inputs["create"]);
      const before = { stdout: old.state["stdout"] ?? "", stderr: old.state["stderr"] ?? "" };
      const outs = command === undefined ? before : await outputs(run, command, inputs, before, urn);
      return { ...stateOf(resource, inputs), ...outs };
    },

    async delete(_client, _id, state, urn) {
      const command = textOf(state["delete"]);
      if (command !== undefined) await outputs(run, command, state, state, urn);
    },
  };
  return resource;
}
