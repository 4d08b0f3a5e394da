import type { Act } from "../act.js";
import { previewChanges } from "../steps.js";

/** The program makes three copies and a server, and finds nothing to change afterwards. */
export async function provision({ stack, report, onOutput }: Act): Promise<void> {
  await report.phase("up", "the program makes three copies and a server, and deploys the jobs", () =>
    stack.up({ onOutput }),
  );
  report.check("second preview", "no change", await report.phase("preview", "again", () => previewChanges(stack)));
}
