/** What the owner of the shop has and no host does: the tokens, and what the program keeps encrypted in its state. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { AwsClient } from "aws4fetch";
import { tool } from "../config.js";
import { engineEnvironment, projectDir, STACK } from "../engine.js";
import { longestLine } from "../rehearsal/secrets.js";
import { ACCOUNT, type World } from "../world.js";
import type { Vault } from "./damage.js";
import { setting, type Target } from "./loot.js";
import { boxVault } from "./vault-box.js";
import { s3Vault } from "./vault-s3.js";

/** One resource of the state, opened with the passphrase. */
export interface Made {
  name: string;
  type: string;
  id: string;
  outputs: Record<string, unknown>;
}

/** Everything the program made, secrets in plain. */
export async function openState(): Promise<Made[]> {
  const { stdout } = await promisify(execFile)(
    tool("pulumi"),
    ["stack", "export", "--show-secrets", "--stack", STACK],
    { cwd: projectDir(), env: { ...process.env, ...engineEnvironment() }, maxBuffer: 1 << 26 },
  );
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources: { urn: string; type: string; id?: string; outputs?: Record<string, unknown> }[] };
  };
  return deployment.resources.map(({ urn, type, id, outputs }) => ({
    name: urn.split("::").at(-1)!,
    type,
    id: id ?? "",
    outputs: Object.fromEntries(Object.entries(outputs ?? {}).map(([key, value]) => [key, plain(value)])),
  }));
}

function plain(value: unknown): unknown {
  if (typeof value === "object" && value !== null && "plaintext" in value)
    return JSON.parse((value as { plaintext: string }).plaintext) as unknown;
  return value;
}

/** What must be on no host, by name. A host's S3 secret is the hash of its R2 token; the token itself is not there. */
export async function ownersSecrets(world: World, state: Made[]): Promise<Record<string, string>> {
  const inState = state.flatMap(({ name, type, outputs }) => {
    if (/^hcloud:.*:StorageBox(Subaccount)?$/.test(type)) return [[`password of ${name}`, outputs["password"]]];
    if (type.endsWith(":AccountToken")) return [[`token ${name}`, outputs["value"]]];
    return type.endsWith(":SpacesKey") && name.startsWith("maintenance") ? [[`key ${name}`, outputs["secretKey"]]] : [];
  });
  return {
    "the providers' token": world.secrets.token,
    "the full-access Spaces key": world.secrets.spaces.secretKey,
    "the age identity": longestLine(await readFile(world.laptop.identity, "utf8")),
    "the owner's SSH key": longestLine(await readFile(world.laptop.sshKey, "utf8")),
    ...(Object.fromEntries(inState) as Record<string, string>),
  };
}

/** A call of Hetzner's API with the owner's token. */
async function hetzner(world: World, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${world.clouds.url("api.hetzner")}/v1/storage_boxes/${path}`, {
    method,
    headers: { authorization: `Bearer ${world.secrets.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`hetzner ${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** The storage box of the stack. @throws Error when there is none */
export function boxIn(state: Made[]): Made {
  const box = state.find(({ type }) => type.startsWith("hcloud:") && type.endsWith(":StorageBox"));
  if (!box) throw new Error("no storage box in the state");
  return box;
}

async function ofBox(world: World, state: Made[]): Promise<Vault> {
  const box = boxIn(state);
  await hetzner(world, "POST", `${box.id}/actions/update_access_settings`, { zfs_enabled: true });
  const { server, username, password } = box.outputs as Record<string, string>;
  return boxVault(
    { server: server!, username: username!, password: password!, hostKey: world.boxHostKey },
    async () => {
      const { snapshots } = (await hetzner(world, "GET", `${box.id}/snapshots`)) as { snapshots: { id: number }[] };
      await hetzner(world, "POST", `${box.id}/actions/rollback_snapshot`, { snapshot: snapshots.at(-1)!.id });
    },
  );
}

/** Cloudflare gives no key that opens everything: a token for the one bucket is made, as the owner would. */
async function ofR2(world: World, { root }: Target, endpoint: string): Promise<Vault> {
  const cloudflare = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${world.clouds.url("api.cloudflare")}/client/v4/accounts/${ACCOUNT}${path}`, {
      method,
      headers: { authorization: `Bearer ${world.secrets.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`cloudflare ${method} ${path}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { result: unknown }).result;
  };
  const groups = (await cloudflare("GET", "/tokens/permission_groups")) as { id: string; name: string }[];
  const { id } = groups.find(({ name }) => name === "Workers R2 Storage Bucket Item Read")!;
  const resources = { [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_${root}`]: "*" };
  const token = (await cloudflare("POST", "/tokens", {
    name: "the owner looks",
    policies: [{ effect: "allow", permission_groups: [{ id }], resources }],
  })) as { id: string; value: string };
  const secretAccessKey = createHash("sha256").update(token.value).digest("hex");
  const keys = new AwsClient({ accessKeyId: token.id, secretAccessKey, service: "s3", region: "auto" });
  const vault = s3Vault(keys, `${endpoint}/${root}`, false);
  return { ...vault, close: async () => void (await cloudflare("DELETE", `/tokens/${token.id}`)) };
}

/** The owner's view of a copy that a host knows. */
export function vaultOf(world: World, state: Made[], target: Target): Promise<Vault> {
  const endpoint = setting(target, "ENDPOINT");
  if (target.provider === "sftp") return ofBox(world, state);
  if (target.provider === "Cloudflare") return ofR2(world, target, endpoint);
  const { accessId: accessKeyId, secretKey: secretAccessKey } = world.secrets.spaces;
  const keys = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "auto" });
  return Promise.resolve(s3Vault(keys, `${endpoint}/${target.root}`, true));
}
