/**
 * ESLint and the TypeScript compiler, on one program: most of the time of either goes into the types, which are the same
 * for both. Prints what the two have to say, and ends with 1 if that is anything.
 *
 * usage: node --import tsx test/typed-lint.ts
 */
import { join } from "node:path";
import { ESLint } from "eslint";
import ts from "typescript";

const root = join(import.meta.dirname, "..");

/** The program of tsconfig.json. Parents of nodes are set, because ESLint's rules walk up. */
function program(): ts.Program {
  const read = ts.readConfigFile(join(root, "tsconfig.json"), (file) => ts.sys.readFile(file));
  if (read.error) throw new Error(ts.flattenDiagnosticMessageText(read.error.messageText, "\n"));
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(read.config, ts.sys, root);
  const [first] = errors;
  if (first) throw new Error(ts.flattenDiagnosticMessageText(first.messageText, "\n"));
  return ts.createProgram(fileNames, options, ts.createCompilerHost(options, true));
}

/** @returns what the compiler has to say, as it would say it itself */
function compiled(all: ts.Program): string {
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(all), {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => "\n",
  });
}

/** @returns what ESLint has to say; warnings count */
async function linted(all: ts.Program): Promise<string> {
  const typed = { projectService: false, programs: [all] };
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: [{ files: ["**/*.ts"], languageOptions: { parserOptions: typed } }],
  });
  const results = await eslint.lintFiles(["."]);
  const formatter = await eslint.loadFormatter("stylish");
  return formatter.format(results);
}

const shared = program();
const said = `${compiled(shared)}${await linted(shared)}`;
process.stdout.write(said);
process.exitCode = said === "" ? 0 : 1;
