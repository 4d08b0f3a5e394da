import { createHash } from "node:crypto";
import { z } from "zod";
import { parse } from "../api.js";
import type { Router } from "../router.js";
import { ApiError } from "../router.js";
import { now } from "../store.js";
import { assertUnique, byId, invalid, labels, page, type Project } from "./common.js";

const create = z.strictObject({ name: z.string().min(1), public_key: z.string(), labels: labels.default({}) });
const update = z.strictObject({ name: z.string().min(1).optional(), labels: labels.optional() });

export function sshKeyRoutes(router: Router, project: Project): void {
  const { sshKeys } = project.state;
  router.on("POST", "/v1/ssh_keys", (call) => {
    const body = parse(create, call);
    assertUnique(body.name, Object.values(sshKeys));
    const fingerprint = fingerprintOf(body.public_key);
    if (Object.values(sshKeys).some((key) => key.fingerprint === fingerprint))
      throw new ApiError(409, "uniqueness_error", "SSH key with the same fingerprint already exists");
    const id = project.store.nextId();
    sshKeys[id] = {
      id,
      created: now(),
      labels: body.labels,
      fingerprint,
      name: body.name,
      public_key: body.public_key,
    };
    return { status: 201, body: { ssh_key: sshKeys[id], actions: [] } };
  });
  router.on("GET", "/v1/ssh_keys", (call) => ({ status: 200, body: page(call, "ssh_keys", Object.values(sshKeys)) }));
  router.on("GET", "/v1/ssh_keys/:id", (call) => ({ status: 200, body: { ssh_key: byId(call, sshKeys, "ssh_key") } }));
  router.on("PUT", "/v1/ssh_keys/:id", (call) => {
    const key = byId(call, sshKeys, "ssh_key");
    const body = parse(update, call);
    if (body.name !== undefined) assertUnique(body.name, Object.values(sshKeys), key.id);
    Object.assign(key, body);
    return { status: 200, body: { ssh_key: key } };
  });
  router.on("DELETE", "/v1/ssh_keys/:id", (call) => {
    delete sshKeys[byId(call, sshKeys, "ssh_key").id];
    return { status: 204 };
  });
}

/** MD5 of the key's blob, in pairs of hex digits: Hetzner's form. */
function fingerprintOf(publicKey: string): string {
  const [type, blob = ""] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(blob, "base64");
  const name = bytes.subarray(4, 4 + (bytes.length < 4 ? 0 : bytes.readUInt32BE(0))).toString();
  if (name === "" || name !== type) throw invalid("public_key", "this is not an OpenSSH public key");
  return (createHash("md5").update(bytes).digest("hex").match(/../g) ?? []).join(":");
}
