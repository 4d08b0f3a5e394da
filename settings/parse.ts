import { SettingsError } from "./errors.js";
import { settingsSchema, type Settings } from "./schema.js";

/**
 * The settings from the values of the stack's `granary:*` configuration.
 * @throws SettingsError with every problem found
 */
export function parseSettings(raw: unknown): Settings {
  const result = settingsSchema.safeParse(raw);
  if (result.success) return result.data;
  throw new SettingsError(result.error.issues.map((i) => ({ path: i.path.join("."), value: "", message: i.message })));
}
