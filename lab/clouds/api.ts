import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { ApiError, type Call, type Reply, type Router } from "./router.js";

/** What sets one vendor's API apart from another's. */
export interface Vendor {
  name: string;
  router: Router;
  token: string;
  /** The refusal of a wrong token. */
  unauthorized: ApiError;
  /** The body of a refusal. */
  errorBody(error: ApiError): unknown;
  /** The refusal of a call that the lab does not know. */
  unknown(method: string, path: string): ApiError;
  /** The refusal of a body that does not fit. */
  invalid(problem: string): ApiError;
}

const maxBody = 1 << 20; // the largest real one is a server's user data, 32 KiB

/** Answers one request to a vendor's API. Every refusal is logged with what was asked. */
export async function serveApi(
  vendor: Vendor,
  request: IncomingMessage,
  response: ServerResponse,
  log: (line: string) => void,
  saved: () => void,
): Promise<void> {
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", "http://lab");
  let reply: Reply;
  try {
    reply = await dispatch(vendor, method, url, request);
    if (method !== "GET") saved();
  } catch (error) {
    const refusal = toApiError(vendor, error);
    log(
      `cloud=${vendor.name} event=refused call="${method} ${url.pathname}${url.search}" status=${refusal.status} code=${refusal.code} message=${JSON.stringify(refusal.message)}`,
    );
    reply = { status: refusal.status, body: vendor.errorBody(refusal) };
  }
  const text = reply.body === undefined ? "" : JSON.stringify(reply.body);
  response.writeHead(reply.status, text === "" ? {} : { "content-type": "application/json" });
  response.end(text);
}

async function dispatch(vendor: Vendor, method: string, url: URL, request: IncomingMessage): Promise<Reply> {
  const body = await readJson(vendor, request);
  if (!sameToken(request.headers.authorization, vendor.token)) throw vendor.unauthorized;
  const found = vendor.router.find(method, url.pathname);
  if (!found) throw vendor.unknown(method, url.pathname);
  return found.handler({ params: found.params, query: url.searchParams, headers: request.headers, body });
}

function toApiError(vendor: Vendor, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof z.ZodError) return vendor.invalid(z.prettifyError(error).replaceAll("\n", " "));
  return new ApiError(500, "server_error", error instanceof Error ? error.message : String(error));
}

function sameToken(header: string | undefined, token: string): boolean {
  const got = Buffer.from(header ?? "");
  const want = Buffer.from(`Bearer ${token}`);
  return got.length === want.length && timingSafeEqual(got, want);
}

async function readJson(vendor: Vendor, request: IncomingMessage): Promise<unknown> {
  const text = (await readAll(request, maxBody)).toString("utf8");
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw vendor.invalid("the body is not JSON");
  }
}

/** Reads a whole body of at most `limit` bytes. Throws ApiError 413 above it. */
export async function readAll(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ApiError(413, "EntityTooLarge", `the body is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Parses a body, strictly: a field that the lab does not model is refused by name, not ignored. */
export function parse<T extends z.ZodType>(schema: T, call: Call): z.output<T> {
  return schema.parse(call.body ?? {});
}
