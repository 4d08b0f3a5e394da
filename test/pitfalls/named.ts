/** Whether a test that is named exists: its file is parsed, and not searched, so that a comment is no test. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Area, Named, Pitfall } from "./pitfall.js";

interface Titles {
  /** As written, of `it`, of `it.each` and of their relatives; not of what is skipped. */
  tests: Set<string>;
  /** Every text and name in the file: a case of a table is one of them. */
  words: Set<string>;
}

const known = new Map<string, Titles>();

function titlesOf(path: string): Titles {
  const before = known.get(path);
  if (before !== undefined) return before;
  const found: Titles = { tests: new Set(), words: new Set() };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title) && isTest(node.expression)) found.tests.add(title.text);
    }
    if (ts.isStringLiteralLike(node)) found.words.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest));
  known.set(path, found);
  return found;
}

/** `it(…)`, `it.each(…)(…)`, `it.runIf(…)(…)` for what only root can try; not `it.skip(…)`, nor `it.todo(…)`. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === "it" || callee.text === "test";
  if (!ts.isCallExpression(callee) || !ts.isPropertyAccessExpression(callee.expression)) return false;
  const { expression, name } = callee.expression;
  return ["each", "runIf"].includes(name.text) && isTest(expression);
}

function missingTest(root: string, [file, title, example]: Named): string | undefined {
  if (!existsSync(join(root, file))) return `no file ${file}`;
  const { tests, words } = titlesOf(join(root, file));
  if (!tests.has(title)) return `no test "${title}" in ${file}`;
  return example === undefined || words.has(example) ? undefined : `no case "${example}" in ${file}`;
}

/** What a pitfall names and is not there. */
export function missing(root: string, { pitfall, guard, tests }: Pitfall): string[] {
  const none = [...(guard.length === 0 ? ["no guard"] : []), ...(tests.length === 0 ? ["no test"] : [])];
  const guards = guard.filter((file) => !existsSync(join(root, file))).map((file) => `no file ${file}`);
  return [...none, ...guards, ...tests.flatMap((test) => missingTest(root, test) ?? [])].map(
    (what) => `${pitfall}: ${what}`,
  );
}

const link = (file: string): string => `[${file}](../${file})`;

function testLine([file, title, example]: Named): string {
  const shown = example === undefined || title === "%s" ? (example ?? title) : `${title}\`, case \`${example}`;
  return `\`${shown}\` in ${link(file)}`;
}

/** docs/pitfalls.md. */
export function page(areas: Area[]): string {
  const item = ({ pitfall, guard, tests }: Pitfall): string =>
    `- **${pitfall}**\n  - guard: ${guard.map(link).join(", ")}\n${tests.map((test) => `  - test: ${testLine(test)}\n`).join("")}`;
  const parts = areas.map(({ heading, pitfalls }) => `## ${heading}\n\n${pitfalls.map(item).join("")}`);
  return `# Pitfalls\n\nWhat goes wrong in backups, what stands in its way here, and the test that proves it. Written by \`npx vitest run test/pitfalls.test.ts -u\` from [test/pitfalls](../test/pitfalls), which a test compares with the files.\n\n${parts.join("\n")}`;
}
