import { spawn } from "node:child_process";
import { list, string } from "../shared/schema.js";
import type { Resource } from "../shared/resource.js";
import { text, type Value, type Values } from "../shared/values.js";
import { Collector, commandResource, type Finished, type NoClient } from "./command.js";

const texts = (values: Value): Record<string, string> =>
  Object.fromEntries(Object.entries((values ?? {}) as Values).map(([key, value]) => [key, text(value)]));

function run(command: string, properties: Values, added: Values, urn: string): Promise<Finished> {
  const [program = "/bin/sh", ...rest] = (properties["interpreter"] as string[] | undefined) ?? ["/bin/sh", "-c"];
  const collector = new Collector(properties["logging"], urn);
  const child = spawn(program, [...rest, command], {
    env: { ...process.env, ...texts(properties["environment"]), ...texts(added) },
    ...(properties["dir"] === undefined ? {} : { cwd: text(properties["dir"]) }),
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => collector.add("stdout", text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => collector.add("stderr", text));
  // A command that ends without reading its input breaks the pipe: its exit status tells.
  child.stdin.on("error", () => undefined);
  child.stdin.end(properties["stdin"] === undefined ? "" : text(properties["stdin"]));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const failure = code === 0 ? undefined : code === null ? `signal: ${String(signal)}` : `exit status ${code}`;
      resolve(collector.finish(failure));
    });
  });
}

/** Without the official one's `assetPaths` and `archivePaths`. */
export const localCommand: Resource<NoClient> = commandResource(
  "command:local:Command",
  { dir: string(), interpreter: list(string()) },
  run,
);
