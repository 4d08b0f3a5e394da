/** SSH connections with the official plugin's way of dialling: every failure is tried again, with growing pauses. */
import ssh2, { type Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { log } from "../shared/engine-log.js";
import { number, object, string, type Failure } from "../shared/schema.js";
import { text, UNKNOWN, type Value, type Values } from "../shared/values.js";

/** The pause before the second attempt, its growth, and the longest pause, in milliseconds: Pulumi SDK's retry helper. */
const FIRST_PAUSE = 100;
const GROWTH = 1.5;
const LONGEST_PAUSE = 5000;

/** `dialErrorLimit`: failures that are tried again, -1 for no limit. `perDialTimeout`: seconds, 0 for no limit. */
export const connectionProp = object(
  {
    host: string({ required: true }),
    port: number({ default: 22, min: 1, max: 65_535 }),
    user: string({ default: "root" }),
    password: string(),
    privateKey: string(),
    privateKeyPassword: string(),
    agentSocketPath: string(),
    hostKey: string(),
    dialErrorLimit: number({ default: 10, min: -1 }),
    perDialTimeout: number({ default: 15, min: 0 }),
  },
  { required: true, secret: true },
);

interface PinnedKey {
  type: string;
  blob: Buffer;
}

/** A host key as in `authorized_keys`: `[options] type base64 [comment]`. Undefined if it is not one. */
function parseHostKey(line: string): PinnedKey | undefined {
  const words = line.trim().split(/\s+/);
  const at = words.findIndex((word) => /^(ssh|ecdsa|sk)-/.test(word));
  const [type, base64] = [words[at], words[at + 1]];
  if (type === undefined || base64 === undefined) return undefined;
  const blob = Buffer.from(base64, "base64");
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  return blob.subarray(4, 4 + length).toString() === type ? { type, blob } : undefined;
}

/** What the table of properties cannot say of a connection. */
export function connectionProblems(connection: Value): Failure[] {
  const hostKey = (connection as Values | undefined)?.["hostKey"];
  if (hostKey === undefined || hostKey === UNKNOWN || parseHostKey(text(hostKey))) return [];
  return [{ property: "connection.hostKey", reason: "must be a line like `ssh-ed25519 AAAA…`" }];
}

/** The signature algorithms under which a server shows a key of this type. */
const algorithmsOf = (type: string): string[] =>
  type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];

function options(connection: Values): ConnectConfig {
  const given = (key: string): string | undefined =>
    connection[key] === undefined ? undefined : text(connection[key]);
  const agent = given("agentSocketPath") ?? process.env["SSH_AUTH_SOCK"];
  const pinned = connection["hostKey"] === undefined ? undefined : parseHostKey(text(connection["hostKey"]));
  const optional = {
    password: given("password"),
    privateKey: given("privateKey"),
    passphrase: given("privateKeyPassword"),
    agent: agent === "" ? undefined : agent,
  };
  return {
    host: text(connection["host"]),
    port: Number(connection["port"] ?? 22),
    username: text(connection["user"] ?? "root"),
    tryKeyboard: optional.password !== undefined,
    readyTimeout: Number(connection["perDialTimeout"] ?? 15) * 1000,
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
    ...(pinned && {
      algorithms: { serverHostKey: algorithmsOf(pinned.type) as ServerHostKeyAlgorithm[] },
      hostVerifier: (key: Buffer) => key.equals(pinned.blob),
    }),
  };
}

/** One attempt. The error says what happened; a wrong host key is named as such. */
function dialOnce(connection: Values): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const settings = options(connection);
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => text(connection["password"]))),
    );
    client.once("ready", () => resolve(client));
    client.once("close", () => reject(new Error("the connection was closed during the handshake")));
    client.on("error", (error) => reject(explained(error, connection)));
    try {
      client.connect(settings);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function explained(error: Error, connection: Values): Error {
  const address = `${text(connection["host"])}:${text(connection["port"] ?? 22)}`;
  const pinned = connection["hostKey"] !== undefined;
  if (pinned && /Host denied|no matching host key format/i.test(error.message)) {
    return new Error(`ssh: host key mismatch: ${address} does not show the key given in connection.hostKey`);
  }
  return new Error(`dial tcp ${address}: ${error.message}`);
}

/** Connects, trying again up to `dialErrorLimit` times. The caller ends the client. */
export async function dial(connection: Values, urn: string): Promise<Client> {
  const limit = Number(connection["dialErrorLimit"] ?? 10);
  for (let failures = 1, pause = FIRST_PAUSE; ; failures++, pause = Math.min(pause * GROWTH, LONGEST_PAUSE)) {
    try {
      return await dialOnce(connection);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (limit >= 0 && failures > limit)
        throw new Error(`after ${failures - 1} failed attempts: ${reason}`, { cause: error });
      log("info", urn, `Dial ${failures}/${limit < 0 ? "inf" : limit} failed: retrying`, true);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
