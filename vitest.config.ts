import { defineConfig } from "vitest/config";
import Order from "./test/order.js";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
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
