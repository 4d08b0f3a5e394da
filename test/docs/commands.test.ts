/** Every `granary …` line of the documents is one that the command line takes. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { granaryIn } from "../cli/granary.js";
import { HOST_KEY } from "../settings/example.js";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);

/** Lines of the code blocks that start the command, whole, without their comments. */
function commands(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = [...text.matchAll(/^```(?:sh|bash)?\n(.*?)^```/gms)].map(([, block]) =>
    block!.replace(/\\\n\s*/g, " "),
  );
  return blocks.flatMap((block) =>
    block.split("\n").flatMap((line) => /^\s*(?:npx )?granary +([^#|]*)/.exec(line)?.[1]?.trim() ?? []),
  );
}

/** Words as a shell would pass them on; the documents quote no more than this. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, bare]) => one ?? two ?? bare!);

let directory: string;
let path: string | undefined;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "docs-"));
  copyFileSync(join(ROOT, "Pulumi.prod.yaml"), join(directory, "Pulumi.prod.yaml"));
  path = process.env["PATH"];
  // No engine, no ssh, no age: a command whose arguments are right ends before it does anything.
  process.env["PATH"] = directory;
});
afterAll(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true });
});

/** A key that the documents cut short is a whole one. */
const ended = (line: string) => granaryIn(directory, ...words(line.replace("ssh-ed25519 AAAA…", HOST_KEY)));

const LINES = PAGES.flatMap((page) => commands(page).map((line) => [page, line] as const));

describe("a command in the documents", () => {
  it("is found", () => expect(LINES.length).toBeGreaterThan(3));

  it.each(LINES)("%s: granary %s", async (_page, line) => {
    const { code, err } = await ended(line);
    expect(code, err).not.toBe(64);
  });

  it("with an option that is not there would be seen", async () => {
    expect((await ended("restore shop orders --sideways --identity x")).code).toBe(64);
    expect((await ended("restor shop")).code).toBe(64);
  });
});
