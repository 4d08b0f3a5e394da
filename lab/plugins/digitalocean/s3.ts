/** The few S3 calls that the official plugin makes on a bucket, signed with aws4fetch. */
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";

export interface S3Options {
  /** Of the region, without the bucket. */
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** An S3 answer that is not a success; `code` as in the error document (`NoSuchBucket`), or `NotFound` where there is none. */
export class S3Error extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface S3Call {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  bucket: string;
  /** A subresource such as `versioning`; sent as `?versioning=`. */
  query?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The bucket in the path instead of the host name. */
  pathStyle?: boolean;
}

export class S3 {
  private readonly client: AwsClient;

  constructor(private readonly options: S3Options) {
    const { accessKeyId, secretAccessKey } = options;
    // Spaces are signed for us-east-1, whatever their region (DigitalOcean's documentation of the S3 API).
    this.client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1", retries: 3 });
  }

  /** Sends one call and gives the answer's text. Throws {@link S3Error}. */
  async call({ method, bucket, query, headers = {}, body, pathStyle = false }: S3Call): Promise<string> {
    const url = new URL(this.options.endpoint);
    if (pathStyle) url.pathname = `/${bucket}`;
    else url.host = `${bucket}.${url.host}`;
    if (query !== undefined) url.search = query.includes("=") ? query : `${query}=`;
    const md5 = body === undefined ? {} : { "content-md5": createHash("md5").update(body).digest("base64") };
    const request = { method, headers: { ...headers, ...md5 }, ...(body === undefined ? {} : { body }) };
    const response = await this.client.fetch(url.toString(), request);
    const text = await response.text();
    if (response.ok) return text;
    const code = element(text, "Code") ?? (response.status === 404 ? "NotFound" : String(response.status));
    throw new S3Error(
      response.status,
      code,
      `${method} ${url.host}${url.pathname}${url.search}: ${code} ${element(text, "Message") ?? ""}`,
    );
  }
}

/** The text of the first `<name>` in an XML document, with its entities resolved. */
export function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];
  return found === undefined ? undefined : unescape(found.trim());
}

/** The inner XML of every `<name>`, in order. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g"))].map(
    (match) => match[1] ?? "",
  );
}

const ENTITIES: Record<string, string> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&#34;": '"',
  "&#39;": "'",
  "&amp;": "&",
};
const unescape = (text: string): string => text.replaceAll(/&[#\w]+;/g, (entity) => ENTITIES[entity] ?? entity);

/** Text as it may stand inside an XML element. */
export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
