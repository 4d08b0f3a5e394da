/**
 * Says what goes on: a line a file, the failures in full, and the counts. `GRANARY_TEST_COUNTS` names a file the counts
 * are written to as well, for the script that prints them last.
 */
import { writeFileSync } from "node:fs";
import { DefaultReporter, type SerializedError, type TestModule, type TestRunEndReason } from "vitest/node";

export interface Counts {
  passed: number;
  /** Tests, files that could not be loaded, and errors outside of any test. */
  failed: number;
}

/** A skipped test is neither. */
export function count(modules: readonly Pick<TestModule, "children" | "errors">[], outside: number): Counts {
  const counts = { passed: 0, failed: outside };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed" || state === "failed") counts[state] += 1;
    }
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  }
  return counts;
}

export default class Reporter extends DefaultReporter {
  constructor() {
    super({ summary: false });
  }

  override onTestModuleEnd(module: TestModule): void {
    const { passed, failed } = count([module], 0);
    const seconds = (module.diagnostic().duration / 1000).toFixed(1).padStart(6);
    const result = failed > 0 ? `${failed} FAILED` : "ok";
    this.log(`${seconds} s  ${module.relativeModuleId}: ${passed} passed${failed > 0 ? `, ${result}` : ""}`);
  }

  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason);
    const { passed, failed } = count(modules, errors.length);
    const file = process.env["GRANARY_TEST_COUNTS"];
    if (file !== undefined) writeFileSync(file, `${passed} passed, ${failed} failed\n`);
  }
}
