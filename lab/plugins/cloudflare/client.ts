/** Cloudflare's API as the official plugin uses it. */
import { Rest, type Method } from "../shared/rest.js";
import { text, type Value, type Values } from "../shared/values.js";

export interface Cloudflare {
  /** Sends one request and gives the whole answer document. */
  send(method: Method, path: string, body?: Values, headers?: Record<string, string>): Promise<Values>;
}

/** The default of the provider's documentation (cloudflare 6.22.1). */
const BASE = "https://api.cloudflare.com/client/v4";

export function connect(config: Values): Cloudflare {
  const token = config["apiToken"] ?? process.env["CLOUDFLARE_API_TOKEN"];
  const base = text(config["baseUrl"] ?? process.env["CLOUDFLARE_BASE_URL"] ?? BASE).replace(/\/+$/, "");
  const explain = (body: Values): { code: string; message: string } => {
    const [first = {}] = (body["errors"] ?? []) as Values[];
    return {
      code: text(first["code"] ?? ""),
      message: `${text(first["message"] ?? "")} (${text(first["code"] ?? "")})`,
    };
  };
  return {
    async send(method, path, body, headers) {
      if (typeof token !== "string" || token === "") {
        throw new Error("cloudflare: no token; set it with `pulumi config set --secret cloudflare:apiToken`");
      }
      return new Rest({ base, token, explain }).send(method, path, body, headers);
    },
  };
}

/** The header in which a bucket's jurisdiction travels. */
export const jurisdiction = (values: Values): Record<string, string> => ({
  "cf-r2-jurisdiction": text(values["jurisdiction"] ?? "default"),
});

/** The address of a bucket, in an account. */
export const bucketPath = (account: Value, bucket: Value): string =>
  `/accounts/${text(account)}/r2/buckets/${encodeURIComponent(text(bucket))}`;
