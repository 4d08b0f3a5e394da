import { conflicts } from "./cross-checks.js";
import { withReplicas } from "./replicas.js";
import { problemAt, problemsOf, SettingsError } from "./errors.js";
import { settingsSchema, type Settings } from "./schema.js";

/**
 * The settings from the values of the stack's `granary:*` configuration: `{ encryption, copies, hosts, retention }`.
 * Values are checked first, each by itself; once all are right, against each other. Replicas become jobs of their hosts.
 * @throws SettingsError with every problem found
 */
export function parseSettings(raw: unknown): Settings {
  const result = settingsSchema.safeParse(raw);
  if (!result.success) throw new SettingsError(problemsOf(raw, result.error.issues));
  const found = conflicts(result.data);
  if (found.length > 0)
    throw new SettingsError(found.map(({ path, message }) => problemAt(result.data, path, message)));
  return withReplicas(result.data);
}
