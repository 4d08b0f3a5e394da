/**
 * A recorder in the engine's place: what the program registers, exactly as it would go to the engine, options included.
 * Nothing is looked up but what `answers` names; any other call fails.
 */
import * as pulumi from "@pulumi/pulumi";

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** One registration; an option that was not given is not there. `parent`, `deletedWith`, `dependsOn` are `type name`. */
export interface Registered {
  type: string;
  name: string;
  /** Secret values are `{ secret: value }`, archives `{ archive: path }`. */
  inputs: Record<string, unknown>;
  parent?: string;
  /** Sorted; those that come from inputs are among them. */
  dependsOn?: string[];
  deletedWith?: string;
  protect?: boolean;
  deleteBeforeReplace?: boolean;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  additionalSecretOutputs?: string[];
  retainOnDelete?: boolean;
}

export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMADEMADEMADEMADEMADEMADEMADEMADEMADEMADEMAD";
export const HOST_PRIVATE_KEY =
  "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaPRIVATE\n-----END OPENSSH PRIVATE KEY-----\n";
export const PASSWORD = "Gr4-0123456789abcdef";
export const BOX_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBOXBOXBOXBOXBOXBOXBOXBOXBOXBOXBOXBOXBOXBOX granary";

/** What the vendors and the hosts answer: `[id, computed outputs]`. */
function computed(type: string, name: string): [string, Record<string, unknown>] {
  switch (type) {
    case "hcloud:index/storageBox:StorageBox":
      return ["71", { server: "u71.your-storagebox.de", username: "u71" }];
    case "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount":
      return ["72", { server: "u71-sub1.your-storagebox.de", username: "u71-sub1" }];
    case "hcloud:index/server:Server":
      return ["13", { ipv4Address: "203.0.113.13" }];
    case "hcloud:index/sshKey:SshKey":
      return ["11", {}];
    case "hcloud:index/firewall:Firewall":
      return ["12", {}];
    case "digitalocean:index/spacesKey:SpacesKey":
      return ["AKSPACES", { accessKey: "AKSPACES", secretKey: "spaces-secret" }];
    case "cloudflare:index/accountToken:AccountToken":
      return ["r2-token-id", { value: "r2-token-value" }];
    case "command:local:Command":
      return [name, { stdout: name.endsWith("-host-key") ? `${HOST_PRIVATE_KEY}${HOST_KEY}\n` : PASSWORD }];
    case "command:remote:Command":
      return [name, { stdout: /-(box|git|restic-[a-z-]*)(\.\d+)?-key$/.test(name) ? BOX_KEY : "" }];
    default:
      return [name, {}];
  }
}

/** What functions of the providers answer, by token. */
export type Answers = Record<string, Record<string, unknown>>;

export const ANSWERS: Answers = {
  "cloudflare:index/getAccountApiTokenPermissionGroupsList:getAccountApiTokenPermissionGroupsList": {
    results: [
      { id: "read-id", name: "Workers R2 Storage Bucket Item Read" },
      { id: "write-id", name: "Workers R2 Storage Bucket Item Write" },
      { id: "admin-id", name: "Workers R2 Storage Write" },
    ],
  },
};

/** The request as the SDK would send it; only the parts that are read here. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getDependenciesList(): string[];
  getDeletedwith(): string;
  getProtect(): boolean;
  getDeletebeforereplace(): boolean;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getRetainondelete(): boolean;
}

type Register = (request: Request, callback: unknown) => unknown;

export interface Recording<T> {
  result: T;
  /** In the order of type and name. */
  resources: Registered[];
  /** What was asked of the providers, as `token {inputs}`. */
  calls: string[];
}

/** Runs a program to its end and gives back what it registered. */
export async function record<T>(program: () => T, answers: Answers = ANSWERS): Promise<Recording<T>> {
  const { resources, calls } = await listen(answers);
  const result = program();
  await idle();
  return { result, resources: resources.sort((a, b) => (key(a) < key(b) ? -1 : 1)), calls };
}

/** Puts the recorder in the engine's place; the lists fill as the program runs. */
export async function listen(answers: Answers = ANSWERS): Promise<{ resources: Registered[]; calls: string[] }> {
  const resources: Registered[] = [];
  const calls: string[] = [];
  const mocks: pulumi.runtime.Mocks = {
    newResource: ({ type, name, inputs }) => {
      const [id, outputs] = computed(type, name);
      return { id, state: { ...(inputs as object), ...outputs } };
    },
    call: ({ token, inputs }) => {
      calls.push(`${token} ${JSON.stringify(inputs)}`);
      const answer = answers[token];
      if (answer === undefined) throw new Error(`nothing answers ${token}`);
      return answer;
    },
  };
  await pulumi.runtime.setMocks(mocks, "granary", "prod");
  const monitor = pulumi.runtime.getMonitor() as unknown as { registerResource: Register };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    resources.push(registered(request));
    return register(request, callback);
  };
  return { resources, calls };
}

/** Until nothing is left to register. */
export async function idle(): Promise<void> {
  await pulumi.runtime.disconnect();
}

export function key({ type, name }: { type: string; name: string }): string {
  return `${type} ${name}`;
}

/** The only resource of that type and name. */
export function only(resources: Registered[], type: string, name: string): Registered {
  const found = resources.filter((resource) => resource.type === type && resource.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0]!;
}

/** The value of an output, secret or not. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}

function registered(request: Request): Registered {
  const options = {
    parent: reference(request.getParent()),
    dependsOn: request.getDependenciesList().map(reference).sort(),
    deletedWith: reference(request.getDeletedwith()),
    protect: request.getProtect(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    retainOnDelete: request.getRetainondelete(),
  };
  const given = Object.entries(options).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
  const inputs = plain(request.getObject().toJavaScript()) as Record<string, unknown>;
  return { type: request.getType(), name: request.getName(), inputs, ...Object.fromEntries(given) };
}

/** `type name` of a URN; a type's parents are left out. */
function reference(urn: string): string {
  const [, , types = "", name = ""] = urn.split("::");
  return urn === "" ? "" : `${types.slice(types.lastIndexOf("$") + 1)} ${name}`;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const map = value as Record<string, unknown>;
  if (map[SIGNATURE] === SECRET) return { secret: plain(map["value"]) };
  if (map[SIGNATURE] === ARCHIVE) return { archive: map["path"] };
  if (map[SIGNATURE] === ASSET) return { asset: map["path"] ?? map["text"] };
  return Object.fromEntries(Object.entries(map).map(([name, item]) => [name, plain(item)]));
}
