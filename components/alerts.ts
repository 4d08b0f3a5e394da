import * as pulumi from "@pulumi/pulumi";
import { alertFault } from "../plan/alerts.js";
import type { Settings } from "../settings/schema.js";

const KEY = "alertSecrets";

/**
 * Whom the jobs tell how their runs end, secret, from `granary:alertSecrets`.
 * @throws Error when it is no map, or has a name or a value that cannot be; a value is never shown
 */
export function alertSecrets(
  config: pulumi.Config,
  { hosts, alerts }: Settings,
): pulumi.Output<Record<string, string>> {
  const raw = pulumi.runtime.allConfig()[`${config.name}:${KEY}`];
  const jobs = Object.entries(hosts).flatMap(([host, { jobs }]) => Object.keys(jobs).map((job) => `${host}/${job}`));
  const fault = alertFault(raw === undefined ? {} : parsed(raw), jobs, alerts?.email);
  if (fault !== undefined) throw new Error(`granary:${KEY}: ${fault}`);
  if (raw === undefined) return pulumi.output<Record<string, string>>({});
  return config.requireSecretObject<Record<string, string>>(KEY);
}

function parsed(raw: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(raw);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The text is secret, and so would be a parser's message about it.
  }
  throw new Error(
    `granary:${KEY} is no map (value not shown): set each with \`pulumi config set --secret --path 'granary:${KEY}["webhook"]'\``,
  );
}
