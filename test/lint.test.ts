/** What tools and a look at the files can tell, without running anything. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const bin = (name: string): string => join(root, "node_modules/.bin", name);

/** What the tools remember: by content, so that it is never stale. */
const CACHE = "node_modules/.cache/granary";

/** Files that are, or would be, in Git. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((name) => name !== "" && existsSync(join(root, name)) && statSync(join(root, name)).isFile());
const text = (name: string): string => readFileSync(join(root, name), "utf8");
const shell = files.filter((name) => name.endsWith(".sh") || /^#!.*\b(ba)?sh\b/.test(text(name).slice(0, 80)));

/**
 * Where it is remembered that ESLint and the compiler were content, without an answer of theirs to be read again: with
 * each file that one of them looks at as it is now, and the packages.
 */
function typedCache(): string {
  const hash = createHash("sha256");
  const asked = files.filter((name) => /\.([cm]?[jt]s|json)$/.test(name));
  for (const name of [...asked, "node_modules/.package-lock.json"]) hash.update(`${name}\0${text(name)}\0`);
  return join(root, CACHE, `typed-${hash.digest("hex").slice(0, 16)}`);
}

/** What the tool said, when it was not content. */
function complaint(program: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  if (error) return error.message;
  return status === 0 ? "" : `${stdout}${stderr}`.trim() || `exit code ${String(status)}`;
}

describe("the tools are content", { timeout: 300_000 }, () => {
  it("eslint and tsc", () => {
    const cache = typedCache();
    if (existsSync(cache)) return;
    expect(complaint(process.execPath, ["--import", "tsx", "test/typed-lint.ts"])).toBe("");
    mkdirSync(join(root, CACHE), { recursive: true });
    for (const old of readdirSync(join(root, CACHE)).filter((name) => name.startsWith("typed-")))
      rmSync(join(root, CACHE, old));
    writeFileSync(cache, "");
  });

  it.each<[string, string, string[]]>([
    [
      "prettier",
      bin("prettier"),
      ["--check", "--log-level=warn", "--cache", `--cache-location=${CACHE}/prettier`, "."],
    ],
    ["shellcheck", "shellcheck", ["--external-sources", "--source-path=SCRIPTDIR", ...shell]],
  ])("%s", (_name, program, args) => {
    expect(complaint(program, args)).toBe("");
  });

  it("gofmt", () => {
    expect(complaint("gofmt", ["-d", "lab/toolchain/s3admin"])).toBe("");
    expect(execFileSync("gofmt", ["-l", "lab/toolchain/s3admin"], { cwd: root, encoding: "utf8" })).toBe("");
  });

  it("about every shell script there is, with no rule disabled in what is deployed", () => {
    expect(shell).toEqual(expect.arrayContaining(["scripts/granary-backup", "scripts/lib/pg.sh", "test/run.sh"]));
    const deployed = shell.filter((name) => name.startsWith("scripts/"));
    expect(deployed.filter((name) => text(name).includes("shellcheck disable="))).toEqual([]);
  });
});

describe("packages", () => {
  const lock = JSON.parse(text("package-lock.json")) as { packages: Record<string, { version: string }> };
  const manifest = JSON.parse(text("package.json")) as Record<string, Record<string, string>>;

  it("are locked without download addresses", () => {
    expect(text("package-lock.json").match(/"resolved"|https?:\/\/registry[^"]*|\.tgz/g)).toBeNull();
    expect(text(".npmrc")).toContain("omit-lockfile-registry-resolved=true\n");
  });

  it("are pinned to one version each", () => {
    const wanted = Object.entries({ ...manifest["dependencies"], ...manifest["devDependencies"] });
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it.each([
    // npm's "latest" of this one is a stray 4.5.0 without CopyToRemote and without hostKey.
    ["@pulumi/command", "1.2.1"],
    ["@pulumi/hcloud", "1.41.0"],
    ["@pulumi/digitalocean", "4.80.1"],
    ["@pulumi/cloudflare", "6.22.1"],
  ])("%s is exactly %s", (name, version) => {
    expect(manifest["dependencies"]?.[name]).toBe(version);
    expect(lock.packages[`node_modules/${name}`]?.version).toBe(version);
  });
});

describe("the repository", () => {
  it("speaks of itself alone: of no private paths", () => {
    // In two parts, so that this file does not name them either.
    const privatePath = new RegExp(["(^|[^\\w.-])/wo", "rk/|\\.\\./sha", "red/|facts/\\w+\\.(md|jsonl)"].join(""), "m");
    const inner = /from "(\.\.\/)+shared\//;
    const found = files.flatMap((name) =>
      text(name)
        .split("\n")
        .filter((line) => privatePath.test(line) && !inner.test(line))
        .map((line) => `${name}: ${line}`),
    );
    expect(found).toEqual([]);
  });

  it("has what belongs at its top", () => {
    const top = ["Pulumi.yaml", "Pulumi.prod.yaml", "package.json", "package-lock.json", "tsconfig.json", "index.ts"];
    const rest = ["README.md", "LICENSE", ".editorconfig", ".gitignore", ".npmrc", ".ci/run"];
    const folders = ["settings", "plan", "components", "scripts", "cli", "lab", "docs", "bench", "policy", "test"];
    expect([...top, ...rest, ...folders].filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it("has a composition of 100 lines at most", () => {
    expect(text("index.ts").split("\n").length).toBeLessThanOrEqual(101);
  });

  it("depends one way: nothing imports the command line or the lab but they and the tests", () => {
    const inner = files.filter((name) => /^(index\.ts|(settings|plan|components)\/)/.test(name));
    const outward = inner.filter((name) => /from "(\.\.?\/)+(cli|lab|test)\//.test(text(name)));
    expect(outward).toEqual([]);
  });

  it("tells of every exit code in the document what the scripts' own table says", () => {
    const table = text("scripts/lib/exit-codes.sh").split("\n");
    const codes = table.filter((line) => /^\d+ /.test(line)).map((line) => line.replace(" ", " | ").split(" | "));
    expect(codes.length).toBeGreaterThan(20);
    const rows = text("docs/exit-codes.md").split("\n");
    const told = rows
      .filter((line) => /^\| \d+ +\|/.test(line))
      .map((line) => line.split("|").slice(1, -1))
      .map((cells) => cells.map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")));
    expect(told).toEqual(codes);
  });
});
