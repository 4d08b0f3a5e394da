import {
  Agent,
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { sendError } from "./xml.js";

// Loopback connections are cheap to keep and dear to open for rclone's many small requests.
const agent = new Agent({ keepAlive: true });

/** Passes a request on and its answer back, as streams: memory stays the same whatever the size. */
export function forward(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
  const upstream = open(incoming, port);
  upstream.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on("error", () => outgoing.destroy());
    answer.pipe(outgoing);
  });
  upstream.on("error", (error) => {
    incoming.unpipe(upstream);
    incoming.resume(); // MinIO may refuse before it has read everything: let the client finish and read why
    if (!outgoing.headersSent)
      sendError(outgoing, 502, "InternalError", `the S3 server did not answer: ${error.message}`);
  });
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) upstream.destroy(); // the client is gone
  });
  invite(incoming, outgoing);
  incoming.pipe(upstream);
}

/** A small answer of the server behind, read whole. */
export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

/** Passes a request with a body that was read already, and gives the answer instead of passing it back. */
export function ask(incoming: IncomingMessage, body: Buffer, port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const upstream = open(incoming, port);
    upstream.on("error", reject);
    upstream.on("response", (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    upstream.end(body);
  });
}

/** Tells a client that waits for `100 Continue` to send its body. */
export function invite(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
}

function open(incoming: IncomingMessage, port: number): ClientRequest {
  const { method = "GET", url: path = "/" } = incoming;
  return request({ agent, host: "127.0.0.1", port, method, path, headers: passedOn(incoming) });
}

/** The Host header goes through as it came: it is part of the signature. */
function passedOn(incoming: IncomingMessage): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    // x-minio-* and the snowball header are MinIO's own (forced prefix deletion, archives unpacked in place); the vendors know nothing of them.
    const own = name.startsWith("x-minio-") || name === "x-amz-meta-snowball-auto-extract";
    if (!own && name !== "connection" && name !== "expect") headers[name] = value;
  }
  return headers;
}
