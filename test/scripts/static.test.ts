/** What can be known of the scripts without running a job. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scripts } from "./harness.js";

const commands = [
  ...readdirSync(scripts).filter((name) => name.startsWith("granary-")),
  ...readdirSync(join(scripts, "host")).map((name) => `host/${name}`),
];
const libraries = readdirSync(join(scripts, "lib"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".sh"))
  .map((name) => `lib/${name}`);
const text = (file: string): string => readFileSync(join(scripts, file), "utf8");

const table = text("lib/exit-codes.sh")
  .split("\n")
  .filter((line) => /^\d+ /.test(line))
  .map((line) => {
    const [head = "", meaning = "", hint = ""] = line.split(" | ");
    const [code = "", name = ""] = head.split(" ");
    return { code: Number(code), name, meaning, hint };
  });

describe("the table of exit codes", () => {
  it("has one line a code, each with name, meaning and hint", () => {
    expect(table.length).toBeGreaterThan(25);
    expect(new Set(table.map((row) => row.code)).size).toBe(table.length);
    expect(new Set(table.map((row) => row.name)).size).toBe(table.length);
    for (const row of table) {
      expect(row.name).toMatch(/^[a-z][a-z-]*$/);
      expect(row.meaning.length).toBeGreaterThan(10);
      expect(row.hint.length).toBeGreaterThan(9);
      expect(row.code === 0 || row.code === 1 || (row.code >= 10 && row.code < 126)).toBe(true);
    }
  });

  it("holds exactly what the scripts use", () => {
    const used = new Set<string>();
    for (const file of [...commands, ...libraries])
      for (const match of text(file).matchAll(/\bfail ([a-z-]+) "/g)) used.add(match[1] ?? "");
    expect([...used].sort()).toEqual(
      table
        .map((row) => row.name)
        .filter((name) => name !== "ok")
        .sort(),
    );
  });

  it.each(table)("bash reads it alike: $code $name", ({ code, name, hint }) => {
    const script = `source "$0"; exit_field ${name} code; echo; exit_name ${String(code)}; echo; exit_field ${name} hint`;
    const out = execFileSync("bash", ["-c", script, join(scripts, "lib/exit-codes.sh")], { encoding: "utf8" });
    expect(out.split("\n")).toEqual([String(code), name, hint]);
  });
});

describe("the scripts", () => {
  it.each(commands)("%s: strict mode, usage, main last, executable", (file) => {
    expect(text(file)).toMatch(/^#!\/usr\/bin\/env bash\n# [a-z-]+/);
    expect(text(file)).toContain("Exit codes: lib/exit-codes.sh");
    expect(text(file)).toContain("\nset -Eeuo pipefail\n");
    expect(text(file)).toMatch(/\nif \[\[ \$\{BASH_SOURCE\[0\]\} == "\$0" \]\]; then main "\$@"; fi\n$/);
    expect(statSync(join(scripts, file)).mode & 0o111).toBe(0o111);
  });

  it.each(commands)("%s can be sourced without doing anything", (file) => {
    // $1 and not $0: then it would believe it was run, and here that must not happen.
    const env = { PATH: process.env["PATH"], GRANARY_ROOT: "/nowhere" };
    const args = ["-c", `source "$1" && declare -F main`, "bash", join(scripts, file)];
    const out = execFileSync("bash", args, { encoding: "utf8", env });
    expect(out).toBe("main\n");
  });

  it.each(libraries)("%s has 200 lines at most", (file) => {
    expect(text(file).split("\n").length).toBeLessThanOrEqual(201);
  });
});

describe("the units", () => {
  it("pass systemd-analyze verify", () => {
    const root = mkdtempSync("/dev/shm/granary-units-");
    try {
      // The units name the installed command; here a copy stands where it would be.
      cpSync(join(scripts, "units"), root, { recursive: true });
      const unit = join(root, "granary@.service");
      execFileSync("sed", ["-i", `s#/usr/local/lib/granary/granary-backup#${scripts}/granary-backup#`, unit]);
      for (const name of ["granary@orders.service", "granary@orders.timer"]) {
        const result = spawnSync("systemd-analyze", ["verify", "--man=no", join(root, name)], { encoding: "utf8" });
        expect(result.stdout + result.stderr).toBe("");
        expect(result.status).toBe(0);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("harden the service", () => {
    const security = spawnSync(
      "systemd-analyze",
      ["security", "--offline=true", join(scripts, "units/granary@.service")],
      { encoding: "utf8" },
    );
    const level = Number(/Overall exposure level for .*: ([\d.]+)/.exec(security.stdout)?.[1]);
    expect(level).toBeLessThan(3.5);
  });
});
