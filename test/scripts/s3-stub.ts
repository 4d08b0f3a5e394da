/**
 * Just enough of S3 for rclone, as strict as R2 with an item-scoped token and a lock: objects may be put once, read and
 * listed; the bucket itself may not be asked for, and nothing may be overwritten or deleted but restic's own locks.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export class S3Stub {
  readonly objects = new Map<string, Buffer>();
  readonly requests: string[] = [];
  private readonly server: Server;

  constructor(
    private readonly bucket: string,
    private readonly accessKey: string,
  ) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://s3");
    const method = request.method ?? "";
    this.requests.push(`${method} ${url.pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, bucket, ...rest] = decodeURIComponent(url.pathname).split("/");
    const key = rest.join("/");
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { "Content-Type": "application/xml" });
      response.end(method === "HEAD" ? undefined : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
    };
    if (!(request.headers.authorization ?? url.search).includes(this.accessKey))
      return refuse(403, "InvalidAccessKeyId");
    if (bucket !== this.bucket) return refuse(403, "AccessDenied");
    if (key === "")
      return method === "GET" && url.searchParams.has("list-type")
        ? this.list(url, response)
        : refuse(403, "AccessDenied");
    if (method === "PUT") return this.put(key, Buffer.concat(chunks), response, refuse);
    const object = this.objects.get(key);
    if (method === "DELETE" && key.includes("/locks/")) {
      this.objects.delete(key);
      response.writeHead(204).end();
      return;
    }
    if (method !== "GET" && method !== "HEAD") return refuse(403, "AccessDenied");
    if (object === undefined) return refuse(404, "NoSuchKey");
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const [from, to] = [Number(range?.[1] ?? 0), Number(range?.[2] || object.length - 1)];
    const part = object.subarray(from, to + 1);
    response.writeHead(range ? 206 : 200, {
      "Content-Length": part.length,
      ETag: etag(object),
      "Last-Modified": new Date().toUTCString(),
      ...(range ? { "Content-Range": `bytes ${String(from)}-${String(to)}/${String(object.length)}` } : {}),
    });
    response.end(method === "HEAD" ? undefined : part);
  }

  private put(
    key: string,
    body: Buffer,
    response: ServerResponse,
    refuse: (status: number, code: string) => void,
  ): void {
    if (this.objects.has(key)) return refuse(409, "ObjectLockedByBucketPolicy");
    this.objects.set(key, body);
    response.writeHead(200, { ETag: etag(body) });
    response.end();
  }

  private list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get("prefix") ?? "";
    const flat = !url.searchParams.get("delimiter");
    const below = [...this.objects].filter(([key]) => key.startsWith(prefix));
    const found = below.filter(([key]) => flat || !key.slice(prefix.length).includes("/"));
    const deeper = below.filter((entry) => !found.includes(entry));
    const prefixes = new Set(deeper.map(([key]) => key.slice(0, key.indexOf("/", prefix.length) + 1)));
    const common = [...prefixes].map((name) => `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`);
    const contents = found.map(
      ([key, body]) =>
        `<Contents><Key>${key}</Key><Size>${String(body.length)}</Size><ETag>${etag(body)}</ETag>` +
        `<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`,
    );
    response.writeHead(200, { "Content-Type": "application/xml" });
    response.end(
      `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}${common.join("")}</ListBucketResult>`,
    );
  }
}

const etag = (body: Buffer): string => `"${createHash("md5").update(body).digest("hex")}"`;
