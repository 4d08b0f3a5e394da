/** Settings of a stack with all three kinds of copy and both kinds of host, and what is the same in many tests. */
import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "../../settings/parse.js";
import type { R2Copy, Settings, SpacesCopy, StorageBoxCopy } from "../../settings/schema.js";
import { example, HOST_KEY } from "../settings/example.js";
import { only, type Registered } from "./engine.js";

export const SSH_KEY = "the-laptop's-private-key";

/** `shop` exists already; `web` is made by the program. */
export function rawStack() {
  const raw = example();
  const web = { server: {}, jobs: { stock: { kind: "postgres", database: "stock", container: "db" } } };
  return { ...raw, hosts: { ...raw.hosts, web }, ssh: { publicKey: HOST_KEY } };
}

export function settings(): Settings {
  return parseSettings(rawStack());
}

export const spaces = (): SpacesCopy => settings().copies["spaces"] as SpacesCopy;
export const r2 = (): R2Copy => settings().copies["r2"] as R2Copy;
export const box = (): StorageBoxCopy => settings().copies["box"] as StorageBoxCopy;

/** Gives the stack's settings to the program, as the engine does: structures as JSON. */
export function configure(raw: Record<string, unknown>, secrets: Record<string, string> = {}): void {
  const all = { ...raw, ...secrets };
  const config = Object.entries(all).map(
    ([name, value]) => [`granary:${name}`, typeof value === "string" ? value : JSON.stringify(value)] as const,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(config),
    Object.keys(secrets).map((name) => `granary:${name}`),
  );
}

/** A connection as root, as every one to a host must be. */
export function asRoot(host: string, hostKey: string, port = 22) {
  return {
    secret: { host, port, user: "root", hostKey, privateKey: SSH_KEY, dialErrorLimit: 60, perDialTimeout: 15 },
  };
}

/** A host's component, for credentials to hang on. */
export function parent(): pulumi.ComponentResource {
  return new pulumi.ComponentResource("test:Parent", "shop");
}

/** The same without the names the SDKs add themselves to every resource of a type. */
export function own(resource: Registered): Registered {
  const replaceOnChanges = resource.replaceOnChanges?.filter((path) => path !== "triggers[*]") ?? [];
  const additional = [...new Set(resource.additionalSecretOutputs)].filter((name) => name !== "connection").sort();
  const rest = { ...resource };
  delete rest.replaceOnChanges;
  delete rest.additionalSecretOutputs;
  return {
    ...rest,
    ...(replaceOnChanges.length > 0 ? { replaceOnChanges } : {}),
    ...(additional.length > 0 ? { additionalSecretOutputs: additional } : {}),
  };
}

export function find(resources: Registered[], type: string, name: string): Registered {
  return own(only(resources, type, name));
}

export const REMOTE = "command:remote:Command";
export const LOCAL = "command:local:Command";
export const UPLOAD = "command:remote:CopyToRemote";
