import type { IncomingMessage, ServerResponse } from "node:http";
import { readAll } from "../api.js";
import type { Store } from "../store.js";
import type { Minio } from "./minio.js";
import { type Answer, ask, forward, invite } from "./proxy.js";
import type { Target } from "./target.js";
import { sendError, sendXml } from "./xml.js";

const maxDocument = 1 << 20;

/**
 * One S3 request to a Spaces region. Everything goes through to MinIO but the lifecycle document, which is kept here:
 * MinIO drops AbortIncompleteMultipartUpload from it, and the provider would see a change on every preview.
 * MinIO still gets the calls, so that it checks the signature, the right to make them, and the document itself.
 */
export async function serveSpaces(
  target: Target,
  store: Store,
  server: Minio,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { lifecycles } = store.state;
  const name = `${target.server}/${target.bucket}`;
  const bucketCall = target.bucket !== "" && target.key === "";
  if (bucketCall && target.query.has("lifecycle")) return lifecycle(name, store, server, request, response);
  if (bucketCall && request.method === "DELETE" && target.query.size === 0)
    response.on("finish", () => {
      if (response.statusCode !== 204 || lifecycles[name] === undefined) return;
      delete lifecycles[name];
      store.save();
    });
  forward(request, response, server.port);
}

async function lifecycle(
  name: string,
  store: Store,
  server: Minio,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { lifecycles } = store.state;
  invite(request, response);
  const body = await readAll(request, maxDocument);
  const answer = await ask(request, body, server.port);
  const allowed = answer.status < 300 || code(answer) === "NoSuchLifecycleConfiguration";
  if (allowed && request.method === "GET") {
    const kept = lifecycles[name];
    if (kept !== undefined) return sendXml(response, 200, kept);
    return sendError(response, 404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
  }
  if (allowed && request.method === "PUT") lifecycles[name] = body.toString("utf8");
  if (allowed && request.method === "DELETE") delete lifecycles[name];
  store.save();
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

function code(answer: Answer): string | undefined {
  return /<Code>(\w+)<\/Code>/.exec(answer.body.toString("utf8"))?.[1];
}
