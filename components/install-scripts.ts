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

/** Scripts that are in place on a host. */
export interface Installed {
  ready: remote.Command;
  /** Another one whenever they were put there again. */
  version: pulumi.Output<string>;
}

/**
 * Uploads `scripts/` verbatim and puts it in place; a changed script or another machine does it again. So does a replaced
 * upload, and with it all that is deployed from there: `pulumi up --replace '**::<name>-scripts'` puts a host right.
 * @param scripts hash of the scripts
 */
export function installScripts(
  name: string,
  connection: types.input.remote.ConnectionArgs,
  machine: Machine,
  scripts: string,
  parent: pulumi.Resource,
): Installed {
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
  const ready = new remote.Command(
    `${name}-install`,
    {
      connection,
      create: `bash ${INCOMING}/host/install`,
      delete: `bash ${INSTALLED}/host/uninstall`,
      stdin: pulumi.interpolate`machine ${machine.id}\nscripts ${scripts}\nupload ${uploaded.id}\n`,
      addPreviousOutputInEnv: false,
    },
    { parent, dependsOn: uploaded, ...onlyWith(machine.server) },
  );
  return { ready, version: pulumi.interpolate`${scripts.slice(0, 12)} ${uploaded.id}` };
}

/** What runs on a server that is gone need not, and cannot, be cleaned up. */
export function onlyWith(server: hcloud.Server | undefined): { deletedWith?: pulumi.Resource } {
  return server ? { deletedWith: server } : {};
}
