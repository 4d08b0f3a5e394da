/** The staging server of a drill, in a stack of its own. */
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { StagingServer } from "../../components/staging-server.js";
import type { Settings } from "../../settings/schema.js";
import { drillSchema } from "../../settings/drill.js";
import { isolatedStack, type ConfigValue, type Isolated } from "../engine.js";
import type { HostOutput } from "../stack.js";

export const ROLE = "drill";

export interface Staging {
  target: HostOutput;
  role: string;
}

/** The stack that holds the staging server of one host's drill, made or taken up. */
export function stagingStack(
  directory: string,
  stack: string,
  config: Record<string, ConfigValue>,
  { settings, host, copy }: { settings: Settings; host: string; copy: string },
): Promise<Isolated> {
  const secrets = JSON.parse(config["granary:databasePasswords"]?.value ?? "{}") as Record<string, string>;
  const privateKey = config["granary:sshPrivateKey"]?.value;
  const program = (): Promise<Record<string, unknown>> => {
    const server = new StagingServer(`drill-${host}`, {
      ...{ settings: drillSettings(settings, host), host, copies: [copy], role: ROLE },
      server: (settings.drill ?? drillSchema.parse({})).server,
      ssh: privateKey === undefined ? {} : { privateKey: pulumi.secret(privateKey) },
      loginKey: loginKey(settings),
      passwords: pulumi.secret(secrets),
    });
    return Promise.resolve({ address: server.address, hostKey: server.hostKey, role: server.role });
  };
  return isolatedStack(directory, stack, `drill-${host}`, config, program);
}

/** Hetzner takes the same key once a project: production has it already if the program makes servers there. */
function loginKey({ hosts, ssh }: Settings): pulumi.Input<string> {
  if (Object.values(hosts).some((host) => "server" in host)) return "granary";
  return new hcloud.SshKey("login", { name: "granary-drill", publicKey: ssh!.publicKey }).id;
}

/** Container of a database that runs on the host itself: on the staging server every database runs in one. */
const containerOf = (kind: string): string => `granary_drill_${kind}`;

/** The settings with a container for every database of the host. */
export function drillSettings(settings: Settings, host: string): Settings {
  const { jobs, ...rest } = settings.hosts[host]!;
  const contained = Object.entries(jobs).map(([name, job]) => [
    name,
    "database" in job && job.container === undefined ? { ...job, container: containerOf(job.kind) } : job,
  ]);
  const changed = { ...rest, jobs: Object.fromEntries(contained) as typeof jobs };
  return { ...settings, hosts: { ...settings.hosts, [host]: changed } };
}
