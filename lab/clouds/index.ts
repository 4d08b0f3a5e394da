import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serveApi, type Vendor } from "./api.js";
import { cloudflare, freshCloudflare } from "./cloudflare/index.js";
import { digitalOcean } from "./digitalocean/index.js";
import { makeDailySnapshots } from "./hetzner/box-snapshots.js";
import { hetzner, hetznerProject } from "./hetzner/index.js";
import { freshHetzner } from "./hetzner/state.js";
import { S3Front } from "./s3/front.js";
import { S3Servers } from "./s3/servers.js";
import { Store } from "./store.js";
import type { Clouds, CloudsOptions } from "./types.js";

export type { Clouds, CloudsOptions, HostHooks } from "./types.js";

/**
 * Starts the lab's clouds: one HTTP server that is Hetzner, DigitalOcean, Cloudflare and the S3 of Spaces and R2,
 * told apart by the Host header. Continues from the state in `dataDir`. Throws when it can't listen.
 */
export async function startClouds(options: CloudsOptions): Promise<Clouds> {
  const fresh = {
    nextId: 1001,
    hetzner: freshHetzner(),
    spacesKeys: {},
    cloudflare: freshCloudflare(),
    lifecycles: {},
  };
  const store = Store.open(join(options.dataDir, "state.json"), fresh);
  const servers = new S3Servers(options, store);
  const front = new S3Front(options, store, servers);
  const project = hetznerProject(options, store);
  const vendors: Record<string, Vendor> = {
    [`api.hetzner.${options.domain}`]: hetzner(project, options.token),
    [`api.digitalocean.${options.domain}`]: digitalOcean(options, store, servers),
    [`api.cloudflare.${options.domain}`]: cloudflare(options, store, servers, servers),
  };
  store.save();
  const server = createServer();
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(vendors, front, store, options, request, response);
  };
  server.on("request", serve);
  server.on("checkContinue", serve); // the door decides before the client sends a large body
  server.requestTimeout = 0; // a backup may take longer to upload than the default 5 minutes
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: options.listen.host, port },
    url: (service) => `http://${service}.${options.domain}${port === 80 ? "" : `:${port}`}`,
    makeDailySnapshots: async () => {
      await makeDailySnapshots(project);
      store.save();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await servers.stop();
      store.save();
    },
  };
}

async function answer(
  vendors: Record<string, Vendor>,
  front: S3Front,
  store: Store,
  options: CloudsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const vendor = vendors[host];
  if (vendor) {
    if (request.headers.expect !== undefined) response.writeContinue();
    return serveApi(
      vendor,
      request,
      response,
      (line) => options.log(line),
      () => store.save(),
    );
  }
  const target = front.target(request);
  if (target) return front.serve(target, request, response);
  options.log(`event=unknown-host host=${JSON.stringify(host)} call="${request.method} ${request.url}"`);
  request.resume();
  response.writeHead(404, { "content-type": "text/plain" });
  response.end(`the lab has no service at ${host}\n`);
}

function listen(server: Server, { listen: { host, port } }: CloudsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}
