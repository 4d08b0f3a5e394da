import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "../router.js";
import type { Store } from "../store.js";
import type { CloudsOptions } from "../types.js";
import { serveR2 } from "./r2-front.js";
import type { S3Servers } from "./servers.js";
import { serveSpaces } from "./spaces-front.js";
import { parseTarget, type Target } from "./target.js";
import { sendError } from "./xml.js";

/** The door in front of the S3 servers: which server answers follows from the Host header. */
export class S3Front {
  constructor(
    private readonly options: CloudsOptions,
    private readonly store: Store,
    private readonly servers: S3Servers,
  ) {}

  /** Undefined when the host is none of the S3 hosts. */
  target(request: IncomingMessage): Target | undefined {
    const lab = { domain: this.options.domain, accountId: this.options.cloudflare.accountId };
    return parseTarget(request.headers.host ?? "", request.url ?? "/", lab);
  }

  async serve(target: Target, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const server = await this.servers.get(target.server);
      if (target.vendor === "spaces") return await serveSpaces(target, this.store, server, request, response);
      await serveR2(target, this.store.state.cloudflare.buckets[target.bucket], server, request, response);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.options.log(
        `s3=${target.server} event=failed call="${request.method} ${request.url}" message=${JSON.stringify(message)}`,
      );
      if (response.headersSent) return void response.destroy();
      if (error instanceof ApiError) return sendError(response, error.status, error.code, message);
      sendError(response, 500, "InternalError", message);
    }
  }
}
