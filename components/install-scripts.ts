import { remote, type types } from "@pulumi/command";
import type * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { INSTALLED } from "./installed.js";

/** Relative to the project, so that the same program on another laptop shows no change. */
export const SCRIPTS = "scripts/";
const INCOMING = `${INSTALLED}.incoming`;

/** A machine, whether the program made it or found it. */
export interface Machine {
  address: pulumi.Output<string>;
  hostKey: pulumi.Output<string>;
  /** Changes when the machine is another one. */
  id: pulumi.Output<string>;
  server?: hcloud.Server;
  ready: pulumi.Resource[];
}

/**
 * Uploads `scripts/` verbatim and puts it in place; a changed script or another machine does it again.
 * @param scripts hash of the scripts
 */
export function installScripts(
  name: string,
  connection: types.input.remote.ConnectionArgs,
  machine: Machine,
  scripts: string,
  parent: pulumi.Resource,
): remote.Command {
  const uploaded = new remote.CopyToRemote(
    `${name}-scripts`,
    {
      connection,
      source: new pulumi.asset.FileArchive(SCRIPTS),
      remotePath: INCOMING,
      triggers: [machine.id],
    },
    { parent, dependsOn: machine.ready, deleteBeforeReplace: true },
  );
  return new remote.Command(
    `${name}-install`,
    {
      connection,
      create: `bash ${INCOMING}/host/install`,
      delete: `bash ${INSTALLED}/host/uninstall`,
      stdin: pulumi.interpolate`machine ${machine.id}\nscripts ${scripts}\n`,
      addPreviousOutputInEnv: false,
    },
    { parent, dependsOn: uploaded, ...onlyWith(machine.server) },
  );
}

/** What runs on a server that is gone need not, and cannot, be cleaned up. */
export function onlyWith(server: hcloud.Server | undefined): { deletedWith?: pulumi.Resource } {
  return server ? { deletedWith: server } : {};
}
