/** DigitalOcean's API and its Spaces (S3), as the official plugin reaches them. */
import { Rest } from "../shared/rest.js";
import { text, type Values } from "../shared/values.js";
import { S3 } from "./s3.js";

export interface DigitalOcean {
  api(): Rest;
  /** The S3 service of a region. */
  spaces(region: string): S3;
}

/** Defaults of the provider's documentation (digitalocean 4.80.1). */
const API = "https://api.digitalocean.com";
const SPACES = "https://{{.Region}}.digitaloceanspaces.com";

/** Makes the client; missing credentials are told when something needs them, as with the official plugin. */
export function connect(config: Values): DigitalOcean {
  const setting = (key: string, ...names: string[]): string | undefined => {
    const given = config[key] ?? names.map((name) => process.env[name]).find((value) => value);
    return given === undefined || given === "" ? undefined : text(given);
  };
  const base = (setting("apiEndpoint", "DIGITALOCEAN_API_URL") ?? API).replace(/\/+$/, "");
  const template = setting("spacesEndpoint", "SPACES_ENDPOINT_URL") ?? SPACES;
  const explain = (body: Values): { code: string; message: string } => ({
    code: text(body["id"] ?? ""),
    message: text(body["message"] ?? ""),
  });
  return {
    api() {
      const token = setting("token", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN");
      if (token === undefined) throw new Error("digitalocean: no token; set digitalocean:token as a secret");
      return new Rest({ base, token, explain });
    },
    spaces(region) {
      const accessKeyId = setting("spacesAccessId", "SPACES_ACCESS_KEY_ID");
      const secretAccessKey = setting("spacesSecretKey", "SPACES_SECRET_ACCESS_KEY");
      if (accessKeyId === undefined || secretAccessKey === undefined) {
        throw new Error("digitalocean: a bucket needs digitalocean:spacesAccessId and digitalocean:spacesSecretKey");
      }
      const endpoint = template.replaceAll(/\{\{\s*\.Region\s*\}\}/g, region.toLowerCase());
      return new S3({ endpoint, accessKeyId, secretAccessKey });
    },
  };
}
