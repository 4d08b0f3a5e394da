import type { Client, ClientChannel } from "ssh2";
import type { Resource } from "../shared/resource.js";
import { text, type Value, type Values } from "../shared/values.js";
import { Collector, commandResource, type Finished, type NoClient } from "./command.js";
import { connectionProblems, connectionProp, dial } from "./connection.js";

const texts = (values: Value): Record<string, string> =>
  Object.fromEntries(Object.entries((values ?? {}) as Values).map(([key, value]) => [key, text(value)]));

/** ssh2 as typed knows no `sftp` with variables, the one public call that waits for the server's answer to them. */
type WithEnvironment = Client & {
  sftp(env: Record<string, string>, done: (error: Error | undefined, sftp?: { end(): void }) => void): void;
};

/** A variable that the server does not accept is an error, before the command runs. */
function mustAccept(client: Client, name: string, value: string): Promise<void> {
  return new Promise((resolve, reject) => {
    (client as WithEnvironment).sftp({ [name]: value }, (error, sftp) => {
      sftp?.end();
      if (error === undefined || !/set environment/i.test(error.message)) return resolve();
      reject(new Error(`could not set environment variable "${name}": the SSH server's AcceptEnv does not allow it`));
    });
  });
}

/**
 * Runs the command and collects what it says; resolves to what went wrong, if anything. The listeners are there before
 * the callback returns: a short command's exit status comes in the same packet as the news that it was started.
 */
function runOn(
  client: Client,
  command: string,
  environment: Record<string, string>,
  stdin: string | undefined,
  collector: Collector,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    client.exec(command, { env: environment }, (error, channel) => {
      if (error) return reject(error);
      channel.setEncoding("utf8").on("data", (text: string) => collector.add("stdout", text));
      channel.stderr.setEncoding("utf8").on("data", (text: string) => collector.add("stderr", text));
      // A command that ends without reading its input closes the channel under the writer: its exit status tells.
      channel.on("error", () => undefined);
      onExit(channel, resolve);
      channel.end(stdin);
    });
  });
}

function onExit(channel: ClientChannel, done: (failure: string | undefined) => void): void {
  let failure: string | undefined = "the command ended without an exit status";
  channel.on("exit", (code: number | null, signal?: string) => {
    if (code === 0) failure = undefined;
    else failure = `Process exited with ${code === null ? `signal ${String(signal)}` : `status ${code}`}`;
  });
  channel.on("close", () => done(failure));
}

async function run(command: string, properties: Values, added: Values, urn: string): Promise<Finished> {
  const client = await dial(properties["connection"] as Values, urn);
  try {
    const environment = texts(properties["environment"]);
    for (const [name, value] of Object.entries(environment)) await mustAccept(client, name, value);
    const collector = new Collector(properties["logging"], urn);
    const stdin = properties["stdin"] === undefined ? undefined : text(properties["stdin"]);
    return collector.finish(await runOn(client, command, { ...environment, ...texts(added) }, stdin, collector));
  } finally {
    client.end();
  }
}

export const remoteCommand: Resource<NoClient> = commandResource(
  "command:remote:Command",
  { connection: connectionProp },
  run,
  (inputs) => connectionProblems(inputs["connection"]),
);
