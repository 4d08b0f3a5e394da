/** The Hetzner Cloud API as the official plugin uses it: one base for servers and Storage Boxes, and actions to wait for. */
import { items, member, Rest } from "../shared/rest.js";
import { text, type Value, type Values } from "../shared/values.js";

export interface Hetzner {
  api: Rest;
  /** Milliseconds between two looks at a running action. */
  pollInterval: number;
}

/** The API's default address and the plugin's default poll interval: provider documentation of hcloud 1.41.0. */
const ENDPOINT = "https://api.hetzner.cloud/v1";
const POLL_INTERVAL = "500ms";

/** Makes the client from the provider's configuration. `endpointHetzner` is accepted and, as in 1.41.0, not used. */
export function connect(config: Values): Hetzner {
  const token = config["token"] ?? process.env["HCLOUD_TOKEN"];
  if (typeof token !== "string" || token === "") {
    throw new Error("hcloud: no token; set it with `pulumi config set --secret hcloud:token` or in HCLOUD_TOKEN");
  }
  const base = text(config["endpoint"] ?? process.env["HCLOUD_ENDPOINT"] ?? ENDPOINT).replace(/\/+$/, "");
  const explain = (body: Values): { code: string; message: string } => {
    const error = (body["error"] ?? {}) as Values;
    return {
      code: text(error["code"] ?? ""),
      message: `${text(error["message"] ?? "")} (${text(error["code"] ?? "")})`,
    };
  };
  return {
    api: new Rest({ base, token, explain }),
    pollInterval: milliseconds(text(config["pollInterval"] ?? POLL_INTERVAL)),
  };
}

/** A Go duration such as `500ms`, `2s` or `1m30s`, in milliseconds. */
export function milliseconds(duration: string): number {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([text]) => text).join("") !== duration) {
    throw new Error(`hcloud:pollInterval must be a duration such as 500ms or 2s, got "${duration}"`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
}

/** Waits until the answer's `action` (and `next_actions`) have succeeded; throws the action's own error if one fails. */
export async function settled(client: Hetzner, answer: Values): Promise<Values> {
  const action = answer["action"];
  const all = [...(action ? [action as Values] : []), ...items(answer, "next_actions")];
  for (const one of all) await actionDone(client, one);
  return answer;
}

async function actionDone({ api, pollInterval }: Hetzner, first: Values): Promise<void> {
  let action = first;
  while (action["status"] === "running") {
    await new Promise((resolve) => setTimeout(resolve, pollInterval));
    const id = text(action["id"]);
    const found = items(await api.send("GET", `/actions?id=${id}&page=1&sort=status&sort=id`), "actions");
    const [next] = found;
    if (found.length !== 1 || text(next?.["id"]) !== id || !next) throw new Error(`actions not found: [${id}]`);
    action = next;
  }
  if (action["status"] === "success") return;
  const error = (action["error"] ?? {}) as Values;
  throw new Error(`${text(action["command"])} failed: ${text(error["message"])} (${text(error["code"])})`);
}

/** Labels on the wire: only where the program gave some. */
export const labels = (inputs: Values): Values => (inputs["labels"] === undefined ? {} : { labels: inputs["labels"] });

/** Labels in the state: an empty map is the same as none. */
export function labelState(real: Values): Values {
  const found = (real["labels"] ?? {}) as Values;
  return Object.keys(found).length > 0 ? { labels: found } : {};
}

/** An object of the answer, e.g. `server`, or an error that says so. */
export const the = (answer: Value, key: string): Values => member(answer, key);
