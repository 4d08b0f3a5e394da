import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { alertsOf } from "../plan/alerts.js";
import { jobEnv, type CopyAccess } from "../plan/job-env.js";
import type { Settings } from "../settings/schema.js";
import { INSTALLED } from "./installed.js";

export interface JobArgs {
  settings: Settings;
  host: string;
  job: string;
  /** The machine's id: another machine means the job is deployed again. */
  machine: pulumi.Output<string>;
  connection: types.input.remote.ConnectionArgs;
  /** By copy, secret. */
  access: Record<string, pulumi.Output<CopyAccess>>;
  /** Database password, secret; none when the server trusts local connections. */
  password: pulumi.Output<string | undefined>;
  /** `granary:alertSecrets`, secret. */
  alerts?: pulumi.Output<Record<string, string>>;
  /** Password of the restic repositories, secret; of a files job only. */
  repositoryPassword?: pulumi.Output<string>;
  /** Version of the scripts on the host: when it changes, the job is deployed and what systemd resolved is asserted again. */
  scripts: pulumi.Output<string>;
}

/**
 * One job on one host: its settings and credentials in a file only root reads, its timer, and the assertion that
 * systemd took both as meant. Removing it removes these and leaves every backup.
 */
export class Job extends pulumi.ComponentResource {
  constructor(name: string, args: JobArgs, options: pulumi.ComponentResourceOptions) {
    // What the command waits for is not the component's: with `--continue-on-error` the engine would skip the component of a
    // host that failed, find no registration of it to complete, and stop the other hosts.
    const { dependsOn, deletedWith, ...own } = options;
    super("granary:hosts:Job", name, {}, own);
    const { settings, host, job } = args;
    const text = pulumi
      .all([args.machine, pulumi.all(args.access), args.password, args.repositoryPassword, args.alerts])
      .apply(([machine, access, password, repositoryPassword, alerts]) =>
        jobEnv({
          ...{ settings, host, job, machine, access, alerts: alertsOf(alerts ?? {}, host, job) },
          ...(password === undefined ? {} : { password }),
          ...(repositoryPassword === undefined ? {} : { repositoryPassword }),
        }),
      );
    new remote.Command(
      name,
      {
        connection: args.connection,
        create: pulumi.interpolate`${INSTALLED}/host/install-job ${job} # scripts ${args.scripts}`,
        delete: `${INSTALLED}/host/remove-job ${job}`,
        stdin: pulumi.secret(text),
        addPreviousOutputInEnv: false,
      },
      {
        parent: this,
        additionalSecretOutputs: ["stdin", "stdout", "stderr"],
        // The other way round, the removal of the old one would take away the new one.
        deleteBeforeReplace: true,
        ...(dependsOn ? { dependsOn } : {}),
        ...(deletedWith ? { deletedWith } : {}),
      },
    );
    this.registerOutputs({});
  }
}
