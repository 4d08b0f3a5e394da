/** A server that answers the plugins with the recorded responses, and keeps what they sent, stage by stage. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";

/** A line of the recording of the official plugins. */
export interface Exchange {
  plugin: string;
  stage: string;
  request: string;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  response?: unknown;
}

const RECORDING = new URL("../clouds/wire.jsonl", import.meta.url);

/** Everything that was recorded, in order. */
export const recording: Exchange[] = readFileSync(RECORDING, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Exchange);

/** Which resource a request belongs to: within one, the order of requests is fixed. Ids are those of the recording. */
const OWNERS: [RegExp, string][] = [
  [/POST \/v1\/servers\/1006\/actions\/create_image|\/v1\/images\/1015/, "snapshot"],
  [/storage_boxes\/1004\/subaccounts/, "subaccount"],
  [/storage_boxes\/1004\/snapshots/, "boxSnapshot"],
  [/storage_boxes|actions\?id=1005/, "box"],
  [/POST \/v1\/ssh_keys|DELETE \/v1\/ssh_keys/, "sshKey"],
  [/\/v1\/(servers|server_types|images)|actions\?id=1007/, "server"],
  [/firewalls/, "firewall"],
  [/primary_ips/, "primaryIp"],
  [/spaces\/keys/, "spacesKey"],
  [/permission_groups/, "permissionGroups"],
  [/dns_records/, "dnsRecord"],
  [/\/zones/, "zone"],
  [/\/lifecycle$/, "lifecycle"],
  [/\/lock$/, "lock"],
  [/r2\/buckets/, "r2Bucket"],
  [/\/tokens/, "accountToken"],
];

export interface Sent {
  owner: string;
  request: string;
  body: unknown;
  jurisdiction: string | undefined;
}

/** The one key that is read by the resource itself on a refresh and by the server when it is created. */
function ownerOf(request: string, stage: string): string {
  if (request === "GET /v1/ssh_keys/1001") return stage === "up" ? "server" : "sshKey";
  const found = OWNERS.find(([pattern]) => pattern.test(request));
  if (!found) throw new Error(`no resource known for ${request}`);
  return found[1];
}

/** A name that the plugin made up, and the one in the recording. */
const MADE_UP = /^sub-[0-9a-f]{7}$/;
const RECORDED_NAME = "sub-4120ee5";

/** What the official plugins sent in a stage, in the form of {@link Sent}. */
export const recorded = (stage: string): Sent[] =>
  recording
    .filter((one) => one.stage === stage)
    .map(({ request, body, headers }) => ({
      owner: ownerOf(request, stage),
      request,
      body,
      jurisdiction: headers?.["cf-r2-jurisdiction"],
    }));

/** Requests by resource: the form in which two runs can be compared. */
export function byOwner(sent: Sent[]): Record<string, Omit<Sent, "owner">[]> {
  const result: Record<string, Omit<Sent, "owner">[]> = {};
  for (const { owner, ...rest } of sent) (result[owner] ??= []).push(rest);
  return result;
}

export class Recorder {
  /** The stage whose responses are given. */
  stage = "up";
  sent: Sent[] = [];
  private used = new Set<Exchange>();
  private madeUpName = RECORDED_NAME;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void body(request).then((text) => {
        const { status, answer } = this.answer(request, text === "" ? undefined : JSON.parse(text));
        response.writeHead(status, { "content-type": "application/json" });
        response.end(
          answer === undefined ? undefined : JSON.stringify(answer).replaceAll(RECORDED_NAME, this.madeUpName),
        );
      });
    });
  }

  /** Starts listening; gives the base address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  begin(stage: string): void {
    this.stage = stage;
    this.sent = [];
    this.used = new Set();
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(from: IncomingMessage, sentBody: unknown): { status: number; answer: unknown } {
    const request = `${from.method} ${from.url}`;
    const normal = this.normalised(sentBody);
    const header = from.headers["cf-r2-jurisdiction"];
    const jurisdiction = Array.isArray(header) ? header[0] : header;
    this.sent.push({ owner: ownerOf(request, this.stage), request, body: normal, jurisdiction });
    const match = recording.find(
      (one) =>
        one.stage === this.stage &&
        one.request === request &&
        !this.used.has(one) &&
        isDeepStrictEqual(one.body, normal),
    );
    if (!match) return { status: 501, answer: { error: { code: "not_recorded", message: request } } };
    this.used.add(match);
    return { status: match.status, answer: match.response };
  }

  private normalised(sentBody: unknown): unknown {
    const name = (sentBody as { name?: string } | undefined)?.name;
    if (name === undefined || !MADE_UP.test(name)) return sentBody;
    this.madeUpName = name;
    return { ...(sentBody as object), name: RECORDED_NAME };
  }
}

async function body(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
