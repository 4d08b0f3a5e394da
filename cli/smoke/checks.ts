import type { Check } from "../../plan/check.js";
import type { SmokeResult } from "./run.js";

/** What a customer did, as checks; no step at all proves nothing. */
export function customerChecks({ steps }: SmokeResult): Check[] {
  if (steps.length === 0)
    return [{ name: "customer: steps", ok: false, expected: "some", actual: "nothing was tried" }];
  return steps.map(({ name, ok, found }) => ({
    name: `customer: ${name}`,
    ok,
    expected: "as expected",
    actual: found,
  }));
}
