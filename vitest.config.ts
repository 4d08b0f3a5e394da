import { configDefaults, defineConfig } from "vitest/config";
import Order from "./test/order.js";

const VALUES = "test/{plan,settings}/**/*.test.ts";

export default defineConfig({
  test: {
    projects: [
      // Functions of values alone: they may share what was loaded, which is most of what their files take.
      { extends: true, test: { name: "values", include: [VALUES], isolate: false } },
      {
        extends: true,
        test: { name: "programs", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, VALUES] },
      },
    ],
    reporters: ["./test/reporter.ts"],
    sequence: { sequencer: Order },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Most tests wait for programs they started: more of them at once than there are cores.
    maxWorkers: 4,
    coverage: {
      include: ["settings/**/*.ts", "plan/**/*.ts"],
      exclude: ["test/**"],
      reporter: [["text", { skipFull: true }]],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
  },
});
