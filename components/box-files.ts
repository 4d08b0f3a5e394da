import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { filesHome, repositoryKeyLine } from "../plan/box-homes.js";
import { newest, ofGeneration } from "../plan/generations.js";
import { placeBoxKey } from "./box-key.js";
import type { Grantee } from "./copy.js";
import { randomPassword } from "./local-secret.js";

export interface FilesAccount {
  account: hcloud.StorageBoxSubaccount;
  /** The keys are in place. */
  ready: pulumi.Resource;
}

/**
 * The account of a host's restic repositories on a storage box. Its directory is another one than that of the artifacts,
 * which the host may write over, and it lets in the keys of the files jobs only, each for one command that cannot take
 * away what is there.
 */
export function filesAccount(
  name: string,
  box: { id: pulumi.Output<number>; hostKey: string; access: hcloud.StorageBoxSubaccountArgs["accessSettings"] },
  { host, generations, repositoryKeys, parent }: Grantee,
): FilesAccount {
  const account = new hcloud.StorageBoxSubaccount(
    name,
    {
      name: filesHome(host),
      storageBoxId: box.id,
      homeDirectory: filesHome(host),
      description: `granary, restic repositories of host ${host}`,
      password: randomPassword(ofGeneration(`${name}-password`, newest(generations)), parent),
      accessSettings: box.access!,
    },
    { parent, additionalSecretOutputs: ["password"] },
  );
  const { server, username, password } = account;
  const lines = pulumi
    .all(repositoryKeys)
    .apply((all) => Object.entries(all).flatMap(([job, keys]) => keys.map((key) => repositoryKeyLine(host, job, key))))
    .apply((all) => all.join("\n"));
  return {
    account,
    ready: placeBoxKey(`${name}-authorized`, { server, username, password, hostKey: box.hostKey }, lines, parent),
  };
}
