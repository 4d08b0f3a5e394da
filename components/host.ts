import { remote, type types } from "@pulumi/command";
import type * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { existing, generationsOf, ofGeneration, type Generations } from "../plan/generations.js";
import { backupJobs, replicaJobs } from "../settings/jobs/job.js";
import type { Settings } from "../settings/schema.js";
import type { CopyComponent, Grant } from "./copy.js";
import { INSTALLED } from "./installed.js";
import { retiring, type Retiring } from "./retiring.js";
import { installScripts, onlyWith, SCRIPTS, type Machine } from "./install-scripts.js";
import { Job, type JobArgs } from "./job.js";
import type { Replica } from "./replica.js";
import { randomPassword } from "./local-secret.js";
import { directoryHash } from "./scripts-hash.js";
import { Server } from "./server.js";
import { sshConnection, type SshAuth } from "./ssh.js";

export interface HostArgs {
  settings: Settings;
  copies: Record<string, CopyComponent>;
  /** By name of the job that fills it; of any host. */
  replicas: Record<string, Replica>;
  ssh: SshAuth;
  /** Database passwords by `host/job`, secret. */
  passwords: pulumi.Output<Record<string, string>>;
  /** Whom the jobs tell how their runs end, secret. */
  alerts?: pulumi.Output<Record<string, string>>;
  /** The key that made servers let in; needed by a host with `server` only. */
  loginKey?: hcloud.SshKey;
}

/** What the host has a key of its own for. */
type Purpose = "box" | "git" | `restic-${string}`;

/**
 * A server that owns data: Granary's scripts on it, its own access to every copy, and a timer for each job. One that only
 * fills replicas has access to these and to no copy.
 */
export class Host extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;
  readonly hostKey: pulumi.Output<string>;
  /** Public key to be added at the Git remote as a deploy key that may write; only when a source job has a remote. */
  readonly deployKey: pulumi.Output<string> | undefined;
  /** Of all restic repositories of this host, secret; only when there is a files job. */
  readonly repositoryPassword: pulumi.Output<string> | undefined;
  /** Both generations of its credentials, secret; only while they are replaced. */
  readonly retiring: pulumi.Output<Retiring> | undefined;

  constructor(name: string, args: HostArgs, options?: pulumi.ComponentResourceOptions) {
    super("granary:hosts:Host", name, {}, options);
    const machine = this.machine(name, args);
    const host = args.settings.hosts[name]!;
    const target = { host: machine.address, port: host.sshPort, hostKey: machine.hostKey };
    const connection = sshConnection(target, args.ssh);
    const scripts = installScripts(name, connection, machine, directoryHash(SCRIPTS), this);
    const installed = scripts.ready;
    const generations = generationsOf(args.settings, name);
    const keysOf = (purpose: Purpose): pulumi.Output<string>[] =>
      existing(generations).map((generation) =>
        this.clientKey(name, ofGeneration(purpose, generation), connection, machine, installed),
      );
    const jobs = Object.entries(backupJobs(host.jobs));
    const fileJobs = jobs.filter(([, { kind }]) => kind === "files").map(([job]) => job);
    const onBox = Object.values(args.settings.copies).some(({ kind }) => kind === "storageBox") ? fileJobs : [];
    const repositoryKeys = Object.fromEntries(onBox.map((job) => [job, keysOf(`restic-${job}`)]));
    const grantee = { host: name, generations, boxKeys: keysOf("box"), repositoryKeys, parent: this };
    const grants = mapValues(jobs.length > 0 ? args.copies : {}, (copy) => copy.grant(grantee));
    const pushes = Object.values(host.jobs).some((job) => job.kind === "source" && job.remote !== undefined);
    this.deployKey = pushes ? keysOf("git")[0] : undefined;
    // One a host and not one a job: a job that is taken out and put back finds its repositories again.
    const repositoryPasswords = fileJobs.length > 0 ? this.passwords(`${name}-repositories`, generations) : [];
    this.repositoryPassword = repositoryPasswords[0];
    const common = { settings: args.settings, host: name, machine: machine.id, connection, scripts: scripts.version };
    const deploy = (job: string, access: Record<string, Grant>, secrets: Pick<JobArgs, "repositoryPassword"> = {}) =>
      new Job(
        `${name}-${job}`,
        {
          ...common,
          job,
          access: mapValues(access, (grant) => grant.access),
          password: args.passwords.apply((passwords) => passwords[`${name}/${job}`]),
          ...(args.alerts === undefined ? {} : { alerts: args.alerts }),
          ...secrets,
        },
        {
          parent: this,
          dependsOn: [installed, ...Object.values(access).flatMap((grant) => grant.ready)],
          ...onlyWith(machine.server),
        },
      );
    for (const [job, { kind }] of jobs)
      deploy(job, grants, kind === "files" ? { repositoryPassword: this.repositoryPassword! } : {});
    const fills = Object.keys(replicaJobs(host.jobs)).map(
      (job) => [job, args.replicas[job]!.grants(name, generations, this)] as const,
    );
    for (const [job, access] of fills) deploy(job, access);
    this.retiring = retiring(generations, { copies: grants, replicas: Object.fromEntries(fills) }, repositoryPasswords);
    this.address = machine.address;
    this.hostKey = machine.hostKey;
    this.registerOutputs({ address: this.address, hostKey: this.hostKey });
  }

  private machine(name: string, args: HostArgs): Machine {
    const host = args.settings.hosts[name]!;
    if (!("server" in host)) {
      const address = pulumi.output(host.address);
      return { address, hostKey: pulumi.output(host.hostKey), id: address, ready: [] };
    }
    const loginKey = args.loginKey!.id;
    const made = new Server(name, { server: host.server, ssh: args.ssh, loginKey }, { parent: this });
    const { server } = made;
    return { address: server.ipv4Address, hostKey: made.hostKey, id: server.id, server, ready: [made.ready] };
  }

  private passwords(name: string, generations: Generations): pulumi.Output<string>[] {
    return existing(generations).map((generation) => randomPassword(ofGeneration(name, generation), this));
  }

  /** The host makes its keys itself; only the public half leaves it. */
  private clientKey(
    name: string,
    purpose: string,
    connection: types.input.remote.ConnectionArgs,
    machine: Machine,
    installed: pulumi.Resource,
  ): pulumi.Output<string> {
    const made = new remote.Command(
      `${name}-${purpose}-key`,
      {
        connection,
        create: `${INSTALLED}/host/client-key ${purpose}`,
        stdin: pulumi.interpolate`machine ${machine.id}\n`,
        addPreviousOutputInEnv: false,
      },
      { parent: this, dependsOn: installed },
    );
    return made.stdout;
  }
}

function mapValues<V, W>(map: Record<string, V>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]));
}
