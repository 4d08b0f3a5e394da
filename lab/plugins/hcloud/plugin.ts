/** The stand-in for `@pulumi/hcloud`: the resources Granary uses, with the official plugin's HTTP calls. */
import type { Plugin } from "../shared/provider.js";
import { string } from "../shared/schema.js";
import { connect, type Hetzner } from "./client.js";
import { firewall } from "./firewall.js";
import { primaryIp } from "./primary-ip.js";
import { server } from "./server.js";
import { snapshot } from "./snapshot.js";
import { sshKey } from "./ssh-key.js";
import { storageBox } from "./storage-box.js";
import { storageBoxSnapshot } from "./storage-box-snapshot.js";
import { storageBoxSubaccount } from "./storage-box-subaccount.js";

export const hcloud: Plugin<Hetzner> = {
  name: "hcloud",
  version: "1.41.0",
  config: {
    token: string({ secret: true }),
    endpoint: string(),
    endpointHetzner: string(),
    pollFunction: string(),
    pollInterval: string(),
  },
  configure: connect,
  resources: [sshKey, firewall, primaryIp, server, snapshot, storageBox, storageBoxSubaccount, storageBoxSnapshot],
  invokes: {},
};
