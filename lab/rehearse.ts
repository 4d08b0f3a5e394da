/** `npm run rehearse`: the story in lab/rehearsal/story.ts, with its beginning, its end, and an end at any moment. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import granary from "../index.js";
import { runDir } from "./config.js";
import { ENGINE, makeStack, usePlugins } from "./engine.js";
import { Report } from "./rehearsal/report.js";
import { COPIES, phases, rehearse } from "./rehearsal/story.js";
import { stackConfig, startWorld, type World } from "./world.js";

async function main(): Promise<void> {
  const { copy, plugins, verbose, attack } = parseArgs({
    options: {
      copy: { type: "string", default: "r2" },
      plugins: { type: "string", default: "stand-in" },
      verbose: { type: "boolean", default: false },
      attack: { type: "boolean", default: false },
    },
  }).values;
  if (!COPIES.includes(copy)) throw new Error(`no copy "${copy}" in the rehearsal: use ${COPIES.join(", ")}`);
  const log = createWriteStream(join(runDir(), "lab.log"), { flags: "a" });
  const say = (line: string): void => void (verbose ? process.stdout.write(`${line}\n`) : log.write(`${line}\n`));
  const report = new Report(ENGINE, plugins);
  let world: World | undefined;
  let interrupted = false;
  const stop = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // The terminal's signal and the one that lab/enter.sh passes on both arrive: the second changes nothing.
      process.on(signal, () => {
        if (interrupted) return;
        interrupted = true;
        process.stdout.write(`\n${signal}: taking the lab down\n`);
        reject(new Error(`interrupted by ${signal}`));
      });
    }
  });
  const work = async (): Promise<void> => {
    world = await report.phase("start", "name service, registry, clouds", () => startWorld(say));
    await usePlugins(plugins);
    const stack = await makeStack(() => Promise.resolve().then(granary), await stackConfig(world));
    await rehearse({ world, stack, report, copy, onOutput: (text) => say(text.trimEnd()) }, attack);
  };
  try {
    await Promise.race([work(), stop]);
  } catch (error) {
    report.check("the rehearsal ran to its end", "yes", error instanceof Error ? error.message : String(error));
  } finally {
    await world?.close();
  }
  if (interrupted) process.exit(130);
  const { ok, checks, seconds, disaster, peakMemoryMiB } = await report.finish(phases(attack));
  const passed = checks.filter((check) => check.ok).length;
  process.stdout.write(
    `\nrestored from ${disaster.copy || "nothing"} in ${disaster.ttrSeconds} s, ${disaster.lostSeconds} s of orders lost; ` +
      `${seconds} s in all, at most ${peakMemoryMiB} MiB of memory\nlab/out/rehearsal.json\n${passed} passed, ${checks.length - passed} failed\n`,
  );
  process.exit(ok ? 0 : 1);
}

await main();
