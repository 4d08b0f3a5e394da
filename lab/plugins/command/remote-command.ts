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

function runOn(client: Client, command: string, environment: Record<string, string>): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, { env: environment }, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

function exitOf(channel: ClientChannel): Promise<string | undefined> {
  return new Promise((resolve) => {
    let failure: string | undefined = "the command ended without an exit status";
    channel.on("exit", (code: number | null, signal?: string) => {
      failure =
        code === 0
          ? undefined
          : code === null
            ? `Process exited with signal ${String(signal)}`
            : `Process exited with status ${code}`;
    });
    channel.on("close", () => resolve(failure));
  });
}

async function run(command: string, properties: Values, added: Values, urn: string): Promise<Finished> {
  const client = await dial(properties["connection"] as Values, urn);
  try {
    const environment = texts(properties["environment"]);
    for (const [name, value] of Object.entries(environment)) await mustAccept(client, name, value);
    const channel = await runOn(client, command, { ...environment, ...texts(added) });
    const collector = new Collector(properties["logging"], urn);
    channel.setEncoding("utf8").on("data", (text: string) => collector.add("stdout", text));
    channel.stderr.setEncoding("utf8").on("data", (text: string) => collector.add("stderr", text));
    const exit = exitOf(channel);
    // A command that ends without reading its input closes the channel under the writer: its exit status tells.
    channel.on("error", () => undefined);
    channel.end(properties["stdin"] === undefined ? undefined : text(properties["stdin"]));
    return collector.finish(await exit);
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
