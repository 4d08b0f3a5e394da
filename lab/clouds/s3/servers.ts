import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tokenUser } from "../cloudflare/tokens.js";
import type { BucketServer } from "../cloudflare/r2.js";
import { userOf } from "../digitalocean/keys.js";
import type { Store } from "../store.js";
import type { CloudsOptions } from "../types.js";
import { administer, type AdminCommand } from "./admin.js";
import { type Minio, startMinio } from "./minio.js";
import { rootCall } from "./root-client.js";
import type { S3Users } from "./users.js";

/** The S3 servers: one a Spaces region, one for R2; each starts when it is first used. */
export class S3Servers implements S3Users, BucketServer {
  private readonly running = new Map<string, Promise<Minio>>();

  constructor(
    private readonly options: CloudsOptions,
    private readonly store: Store,
  ) {}

  /** The server called `r2` or by a Spaces region's slug. */
  get(name: string): Promise<Minio> {
    let server = this.running.get(name);
    if (!server) {
      server = this.start(name);
      this.running.set(name, server);
      server.catch(() => this.running.delete(name)); // the next call tries again
    }
    return server;
  }

  private async start(name: string): Promise<Minio> {
    const { options, store } = this;
    const r2 = name === "r2";
    const server = await startMinio({
      binary: options.minio,
      dataDir: join(options.dataDir, "s3", name),
      root: r2 ? "r2-root" : options.spaces.accessId,
      rootSecret: r2 ? store.state.cloudflare.r2RootSecret : options.spaces.secretKey,
      domains: r2 ? r2Hosts(options) : [`${name}.spaces.${options.domain}`],
      log: (line) => options.log(line),
    });
    // Keys that were made while this server was not running.
    const users = r2
      ? Object.values(store.state.cloudflare.tokens).map(tokenUser)
      : Object.values(store.state.spacesKeys).map(userOf);
    await administer(
      options.s3admin,
      server,
      users.map((user) => ({ op: "put-user", ...user })),
    );
    return server;
  }

  put(vendor: "spaces" | "r2", user: Parameters<S3Users["put"]>[1]): Promise<void> {
    return this.each(vendor, { op: "put-user", ...user });
  }

  remove(vendor: "spaces" | "r2", accessKey: string): Promise<void> {
    return this.each(vendor, { op: "remove-user", accessKey });
  }

  /** On every server that was ever used, started again if need be: a removed key must not come back with an old data directory. */
  private async each(vendor: "spaces" | "r2", command: AdminCommand): Promise<void> {
    const directory = join(this.options.dataDir, "s3");
    const used = existsSync(directory) ? readdirSync(directory) : [];
    for (const name of used)
      if ((name === "r2") === (vendor === "r2"))
        await administer(this.options.s3admin, await this.get(name), [command]);
  }

  async createBucket(name: string): Promise<void> {
    const answer = await rootCall(await this.get("r2"), "PUT", `/${name}`);
    if (answer.status !== 200) throw new Error(`the S3 server answered ${answer.status}: ${answer.body}`);
  }

  async deleteBucket(name: string): Promise<boolean> {
    const answer = await rootCall(await this.get("r2"), "DELETE", `/${name}`);
    if (answer.status === 409) return false;
    if (answer.status !== 204) throw new Error(`the S3 server answered ${answer.status}: ${answer.body}`);
    return true;
  }

  async stop(): Promise<void> {
    const servers = await Promise.allSettled([...this.running.values()]);
    this.running.clear();
    await Promise.all(servers.map(async (server) => server.status === "fulfilled" && (await server.value.stop())));
  }
}

/** The host names of R2: one for each jurisdiction. */
export function r2Hosts(options: CloudsOptions): string[] {
  const { accountId } = options.cloudflare;
  return ["", ".eu", ".fedramp", ".us"].map((jurisdiction) => `${accountId}${jurisdiction}.r2.${options.domain}`);
}
