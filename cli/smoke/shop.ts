import type { App } from "../../settings/schema.js";
import { decoded } from "../../settings/stack-file.js";
import { readConfig } from "../engine.js";
import { runOnHost } from "../ssh.js";
import type { HostOutput } from "../stack.js";
import { runSmoke, type SmokeResult } from "./run.js";

/** The secret setting with what the steps type: passwords of test customers, by name. */
const SECRETS = "granary:smokeSecrets";

export interface ShopOptions {
  directory: string;
  stack: string;
  /** The server that is asked over HTTPS; absent: the host itself. */
  address?: string | undefined;
  port?: number;
  /** Certificate authority in PEM. */
  ca?: string | undefined;
  sshKey: string | undefined;
}

/** The steps of a host's app on the host; its databases are asked over SSH. */
export async function smokeHost(app: App, host: HostOutput, options: ShopOptions): Promise<SmokeResult> {
  const { directory, stack, address = host.address, port = 443, ca, sshKey } = options;
  return runSmoke(app.smoke, {
    ...{ domain: app.domain, address, port, ...(ca === undefined ? {} : { ca }) },
    secrets: await secretsOf(directory, stack),
    sql: async (job, query) => {
      const { code, stdout } = await runOnHost(host, ["granary-query", job], query, { sshKey, err: () => undefined });
      if (code !== 0) throw new Error(`granary-query ${job} at ${host.address} ended with ${code}`);
      return stdout;
    },
  });
}

/** @throws Error when the setting is no map of texts; it is not shown */
async function secretsOf(directory: string, stack: string): Promise<Record<string, string>> {
  const value = decoded((await readConfig(directory, stack))[SECRETS]?.value ?? {});
  if (typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string"))
    return value as Record<string, string>;
  throw new Error(
    `${SECRETS} is no map of texts (not shown): set each with \`pulumi config set --secret --path '${SECRETS}.name'\``,
  );
}
