import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { BOX_PORT } from "../plan/job-env.js";

/** An account of a storage box, and the host key that its box must show. */
export interface BoxLogin {
  server: pulumi.Input<string>;
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
  hostKey: string;
}

/**
 * Makes a public key the only one of an account, with its password. The box's shell has no redirection, but it has `dd`.
 *
 * @param revoke remove the key from the account again when this is deleted; only where the account outlives it
 */
export function placeBoxKey(
  name: string,
  login: BoxLogin,
  key: pulumi.Input<string>,
  parent: pulumi.Resource,
  revoke = false,
): pulumi.Resource {
  const connection = {
    host: login.server,
    port: BOX_PORT,
    user: login.username,
    password: login.password,
    hostKey: login.hostKey,
    // A new account's name takes a moment to resolve.
    dialErrorLimit: 60,
  };
  const common = { connection, addPreviousOutputInEnv: false };
  const directory = new remote.Command(`${name}-directory`, { ...common, create: "mkdir -p .ssh" }, { parent });
  const place = { create: "dd of=.ssh/authorized_keys", stdin: pulumi.interpolate`${key}\n` };
  const undo = revoke ? { delete: "rm -f .ssh/authorized_keys" } : {};
  return new remote.Command(name, { ...common, ...place, ...undo }, { parent, dependsOn: directory });
}
