import { createHash, createHmac } from "node:crypto";
import { request, type IncomingHttpHeaders } from "node:http";

/** An S3 server on loopback and its root credentials. */
export interface Endpoint {
  port: number;
  root: string;
  rootSecret: string;
}

/**
 * One call as root, with an empty body, signed with SigV4. `path` is the decoded path (`/bucket/key`).
 * Written here rather than taken from a client because clients tidy paths, and a lock must look at exactly the key that was asked for.
 */
export function rootCall(
  endpoint: Endpoint,
  method: string,
  path: string,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const uri = encodePath(path);
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: endpoint.port,
      method,
      path: uri,
      headers: signature(endpoint, method, uri),
    };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    call.on("error", reject);
    call.end();
  });
}

function signature(endpoint: Endpoint, method: string, uri: string): Record<string, string> {
  const host = `127.0.0.1:${endpoint.port}`;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const emptyHash = createHash("sha256").digest("hex");
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = [
    method,
    uri,
    "",
    `host:${host}`,
    `x-amz-content-sha256:${emptyHash}`,
    `x-amz-date:${time}`,
    "",
    signed,
    emptyHash,
  ];
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical.join("\n")).digest("hex")].join(
    "\n",
  );
  const key = scope.split("/").reduce<Buffer | string>((k, part) => hmac(k, part), `AWS4${endpoint.rootSecret}`);
  const credential = `Credential=${endpoint.root}/${scope}`;
  return {
    host,
    "x-amz-date": time,
    "x-amz-content-sha256": emptyHash,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signed}, Signature=${hmac(key, text).toString("hex")}`,
  };
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function encodePath(path: string): string {
  const escape = (c: string) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;
  return path
    .split("/")
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, escape))
    .join("/");
}
