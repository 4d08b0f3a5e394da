import type { Evidence } from "../evidence/evidence.js";
import type { BringingBack } from "./bring-back.js";

interface Container {
  container: string;
  image: string;
  digest: string;
  running: boolean;
}

/** Starts everything of the compose file, and says which images that are. @returns the names of the containers */
export async function startShop(
  { remote, host }: Pick<BringingBack, "remote" | "host">,
  evidence: Evidence,
): Promise<string[]> {
  const compose = host.app?.compose;
  if (compose === undefined) return [];
  await evidence.phase("start", "the shop", () => remote.run(["granary-app", "start", compose]));
  const images = JSON.parse(await remote.run(["granary-app", "images", compose])) as Container[];
  for (const { container, image, digest, running } of images) {
    evidence.version(container, `${image} ${digest}`);
    evidence.check(`container ${container} runs`, true, running);
    // A tag may stand for another image by now than the one that ran.
    if (!image.includes("@sha256:")) evidence.step(`image of ${container}`, `${image} is not pinned by a digest`);
  }
  return images.map(({ container }) => container);
}
