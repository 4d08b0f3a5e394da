import type { types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

/**
 * How the program proves who it is: a private key; without one, the provider takes the agent at SSH_AUTH_SOCK itself.
 * The socket's path is not given: it is another one at every login, and each would be a change of everything on the hosts.
 */
export interface SshAuth {
  privateKey?: pulumi.Output<string>;
}

/** The machine to reach and the only key it may answer with. */
export interface SshTarget {
  host: pulumi.Input<string>;
  port: number;
  /** `ssh-ed25519 AAAA…` */
  hostKey: pulumi.Input<string>;
}

/**
 * A connection as root that goes to no other machine than the one whose key is pinned.
 * 60 refused dials take about a minute: as long as a machine that is booting may need.
 */
export function sshConnection(target: SshTarget, auth: SshAuth): types.input.remote.ConnectionArgs {
  return { ...target, user: "root", ...auth, dialErrorLimit: 60, perDialTimeout: 15 };
}

/**
 * Where the program's own SSH key comes from: `granary:sshPrivateKey` (secret) or the agent at SSH_AUTH_SOCK.
 * @throws Error when there is neither
 */
export function sshAuth(config: pulumi.Config): SshAuth {
  const privateKey = config.getSecret("sshPrivateKey");
  if (privateKey) return { privateKey };
  if (process.env["SSH_AUTH_SOCK"]) return {};
  throw new Error(
    "no SSH key to reach the hosts with: start an agent (`eval $(ssh-agent) && ssh-add`), " +
      "or run `pulumi config set --secret granary:sshPrivateKey < ~/.ssh/id_ed25519`",
  );
}
