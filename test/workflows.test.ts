/** GitHub's workflows: what a linter and a look at the files can tell. What their steps do is in steps.test.ts. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cacheDir } from "../lab/config.js";

const root = join(import.meta.dirname, "..");
const directory = join(root, ".github/workflows");

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  if?: string;
  environment?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  env?: Record<string, string>;
  steps: Step[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, Job>;
}

const texts = Object.fromEntries(
  readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]),
);
const workflows = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parse(text) as Workflow]));
const jobs = Object.entries(workflows).flatMap(([name, { jobs }]) =>
  Object.entries(jobs).map(([job, spec]) => [`${name}: ${job}`, spec] as const),
);

/** Every action there is, at the commit that was looked at. */
const ACTIONS = [
  "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
  "actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020 # v4.4.0",
  "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
];

it("actionlint is content", () => {
  expect(execFileSync(join(cacheDir(), "bin/actionlint"), ["-no-color"], { cwd: root, encoding: "utf8" })).toBe("");
});

it("there is one for each thing that runs by itself", () => {
  expect(Object.keys(workflows).sort()).toEqual(
    ["drill.yml", "maintain.yml", "preview.yml", "status.yml", "test.yml", "up.yml"].sort(),
  );
});

describe.each(Object.entries(workflows))("%s", (name, workflow) => {
  it("gives nothing by default, and never runs twice at once", () => {
    expect(workflow.permissions).toEqual({});
    expect(workflow.concurrency.group).toMatch(/^granary-/);
  });

  it("never lets a fork's pull request near a secret", () => {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    expect(Object.keys(workflow.on)).not.toContain("workflow_run");
  });

  it("uses actions by their commit, with the version beside it", () => {
    const used = [...(texts[name] ?? "").matchAll(/uses: (.*)/g)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(ACTIONS).toContain(action);
  });
});

describe.each(jobs)("%s", (_, job) => {
  it("says what it may and for how long, and keeps no token in the checkout", () => {
    expect(job.permissions).toBeDefined();
    expect(job["timeout-minutes"]).toBeLessThanOrEqual(180);
    const [checkout] = job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkout?.with).toMatchObject({ "persist-credentials": false });
  });

  it("has secrets only behind an environment, and values of others never in the text of a command", () => {
    const text = JSON.stringify(job);
    if (text.includes("secrets.")) expect(job.environment).toBeDefined();
    for (const { run } of job.steps) expect(run ?? "").not.toContain("${{");
  });

  it("does what it does in steps that a laptop can run too", () => {
    for (const { run } of job.steps.filter(({ run }) => run?.includes(".github/"))) {
      const [file = ""] = run!.split(" ");
      expect(statSync(join(root, file)).mode & 0o111, file).not.toBe(0);
    }
  });
});

it("only what must write, writes", () => {
  const writers = jobs.map(([name, { permissions = {} }]) => [
    name,
    Object.entries(permissions)
      .filter(([what, how]) => how === "write" && what !== "id-token")
      .map(([what]) => what),
  ]);
  expect(Object.fromEntries(writers.filter(([, what]) => (what as string[]).length > 0))).toEqual({
    "drill.yml: drill": ["contents", "pull-requests"],
    "preview.yml: plan": ["pull-requests"],
  });
});

it("whatever changes the stack waits for whatever else does", () => {
  const groups = ["up.yml", "drill.yml", "maintain.yml"].map((name) => workflows[name]?.concurrency);
  for (const concurrency of groups)
    expect(concurrency).toEqual({ group: "granary-${{ vars.GRANARY_STACK }}", "cancel-in-progress": false });
});

it("a fork's pull request gets the job without an environment, a branch of the repository the other", () => {
  const { settings, plan } = workflows["preview.yml"]!.jobs;
  expect(settings?.if).toContain("head.repo.full_name != github.repository");
  expect(JSON.stringify(settings)).not.toMatch(/secrets\.|github\.token/);
  expect(plan?.if).toContain("head.repo.full_name == github.repository");
});
