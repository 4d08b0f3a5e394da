import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema.js";

const KEY = "databasePasswords";

/**
 * Database passwords by `host/job`, secret, from `granary:databasePasswords`.
 * @throws Error when one is for a job that does not exist; the name is shown, the password never
 */
export function databasePasswords(config: pulumi.Config, { hosts }: Settings): pulumi.Output<Record<string, string>> {
  const jobs = Object.entries(hosts).flatMap(([host, { jobs }]) => Object.keys(jobs).map((job) => `${host}/${job}`));
  // Only the names are looked at here; the values stay inside the secret.
  const raw = pulumi.runtime.allConfig()[`${config.name}:${KEY}`];
  const names = raw === undefined ? [] : Object.keys(parsed(raw));
  const unknown = names.find((name) => !jobs.includes(name));
  if (unknown !== undefined) {
    throw new Error(
      `granary:${KEY} has a password for "${unknown}", which is no job (there are: ${jobs.join(", ")}): ` +
        `remove it with \`pulumi config rm --path 'granary:${KEY}["${unknown}"]'\``,
    );
  }
  return config.getSecretObject<Record<string, string>>(KEY) ?? pulumi.output<Record<string, string>>({});
}

function parsed(raw: string): object {
  try {
    const value: unknown = JSON.parse(raw);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // The text is secret, and so would be a parser's message about it.
  }
  throw new Error(
    `granary:${KEY} is no map (value not shown): set each password with ` +
      `\`pulumi config set --secret --path 'granary:${KEY}["host/job"]'\``,
  );
}
