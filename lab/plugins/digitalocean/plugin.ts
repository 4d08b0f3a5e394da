/** The stand-in for `@pulumi/digitalocean`: Spaces buckets and their keys, with the official plugin's calls. */
import type { Plugin } from "../shared/provider.js";
import { string, type Prop } from "../shared/schema.js";
import { connect, type DigitalOcean } from "./client.js";
import { spacesBucket } from "./spaces-bucket.js";
import { spacesKey } from "./spaces-key.js";

const accepted: Prop = { type: "any" };

export const digitalocean: Plugin<DigitalOcean> = {
  name: "digitalocean",
  version: "4.80.1",
  config: {
    token: string({ secret: true }),
    apiEndpoint: string(),
    spacesEndpoint: string(),
    spacesAccessId: string(),
    spacesSecretKey: string({ secret: true }),
    httpRetryMax: accepted,
    httpRetryWaitMax: accepted,
    httpRetryWaitMin: accepted,
    requestsPerSecond: accepted,
  },
  configure: connect,
  resources: [spacesBucket, spacesKey],
  invokes: {},
};
