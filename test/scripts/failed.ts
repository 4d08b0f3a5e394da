import { expect } from "vitest";
import type { Result } from "./harness.js";

/** A script ended with its own code, a message that names what happened, and a hint. */
export function expectFailed(result: Result, code: number, name: string, message: string | RegExp = ""): void {
  expect(result.stderr).toMatch(new RegExp(message));
  expect(result.stderr).toContain(`event=error code=${String(code)} name=${name} `);
  expect(result.code).toBe(code);
}
