/** What the workflows do: their steps, run as on a laptop, with fakes for granary, pulumi, gh and curl. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
let directory: string;
const at = (...names: string[]): string => join(directory, ...names);

/** A program in place of the real one; it notes its arguments, a line each call. */
function fake(program: string, body: string): void {
  const file = program === "granary" ? at("cli/granary.js") : at("bin", program);
  writeFileSync(file, `#!/bin/bash\necho "$*" >>"${directory}/${program}.args"\n${body}\n`);
  chmodSync(file, 0o755);
}
const calls = (program: string): string[] =>
  existsSync(at(`${program}.args`))
    ? readFileSync(at(`${program}.args`), "utf8")
        .trim()
        .split("\n")
    : [];

function step(name: string, args: string[] = [], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(at(".github/steps", name), args, {
    cwd: directory,
    encoding: "utf8",
    env: {
      PATH: `${at("bin")}:/usr/local/bin:/usr/bin:/bin`,
      HOME: directory,
      GITHUB_STEP_SUMMARY: at("summary"),
      ...env,
    },
  });
  return { status, stdout, stderr };
}
const summary = (): string => (existsSync(at("summary")) ? readFileSync(at("summary"), "utf8") : "");
const git = (...args: string[]): string => {
  const { stdout } = spawnSync("git", ["-c", "user.name=x", "-c", "user.email=x@x", "-C", directory, ...args], {
    encoding: "utf8",
  });
  return stdout.trim();
};

const COMMANDS = "echo '  check     x'; echo '  cost      x'; echo '  drill     x'; echo '  status    x'";
const GRANARY = `case $1 in --help) ${COMMANDS} ;; check) [[ $* == *--json* ]] && echo '{"hosts":[{"host":"shop","ok":true,"legs":[{"rule":"3 copies","ok":'"\${COPIES:-true}"'},{"rule":"0 errors","ok":false}]}]}' || echo 'host shop keeps' ;;
  cost) if [[ $* == *--json* ]]; then
    jq -nc --argjson eur "$(grep -oE '[0-9]+' Pulumi.prod.yaml)" '{total: [1, 12, 60 | {month: ., eur: ($eur * .)}]}'
    else grep -o 'cost: .*' Pulumi.prod.yaml; fi ;; esac`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-steps-"));
  for (const name of ["bin", "cli", ".github"]) mkdirSync(at(name));
  cpSync(join(root, ".github/steps"), at(".github/steps"), { recursive: true });
  fake("granary", GRANARY);
  fake("pulumi", `[[ $1 != preview ]] || printf 'Previewing\\nResources:\\n    + 3 to create\\n    ~ 1 to update\\n'`);
  fake(
    "gh",
    `[[ $* != *--paginate* ]] || echo "\${COMMENTS:-}"; prev=; for word in "$@"; do [[ $prev != --input ]] || cp "$word" ${at("posted")}; prev=$word; done`,
  );
  writeFileSync(at("Pulumi.prod.yaml"), "cost: 15 EUR\n");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("preview", () => {
  const PR = { PR_NUMBER: "7", GITHUB_REPOSITORY: "example/shop", GH_TOKEN: "PLANTED-TOKEN" };
  const posted = (): string => (JSON.parse(readFileSync(at("posted"), "utf8")) as { body: string }).body;

  it("posts the proof, the plan and the change in cost", () => {
    git("init", "-q");
    git("add", "Pulumi.prod.yaml");
    git("commit", "-qm", "one");
    writeFileSync(at("Pulumi.prod.yaml"), "cost: 20 EUR\n");
    const { status, stderr } = step("preview.sh", [], { ...PR, BASE: git("rev-parse", "HEAD") });
    expect(status, stderr).toBe(0);
    expect(calls("gh").at(-1)).toMatch(
      /^api --silent --method POST repos\/example\/shop\/issues\/7\/comments --input /,
    );
    expect(posted()).toMatch(/^<!-- granary preview -->\n/);
    for (const text of [
      "host shop keeps",
      "Plan: + 3 to create, ~ 1 to update",
      "month 1: 15, 20, +5\n",
      "month 60: 900, 1200, +300\n",
      "cost: 20 EUR",
    ])
      expect(posted()).toContain(text);
    expect(posted()).not.toContain("FAILED");
    expect(calls("pulumi")).toEqual([
      "preview --stack prod --policy-pack policy --non-interactive --color never --suppress-progress",
    ]);
  });

  it("writes over its own comment", () => {
    expect(step("preview.sh", [], { ...PR, COMMENTS: "4711" }).status).toBe(0);
    expect(calls("gh").at(-1)).toMatch(
      /^api --silent --method PATCH repos\/example\/shop\/issues\/comments\/4711 --input /,
    );
  });

  it.each([
    [
      "the rule is broken",
      () => fake("granary", `${GRANARY}\n[[ $1 != check ]] || exit 1`),
      "3-2-1 proof of stack prod: FAILED",
    ],
    ["the plan cannot be made", () => fake("pulumi", "echo 'error: no stack'; exit 255"), "Plan: see inside: FAILED"],
  ])("fails when %s, and says so in the comment", (_, spoil, text) => {
    spoil();
    expect(step("preview.sh", [], PR).status).toBe(1);
    expect(posted()).toContain(text);
  });

  it("says that the cost is not known where there is no command for it", () => {
    fake("granary", GRANARY.replace("echo '  cost      x'; ", ""));
    expect(step("preview.sh", [], PR).status).toBe(0);
    expect(posted()).toContain("What it costs is not known");
  });

  it("asks neither pulumi nor GitHub about a fork's settings", () => {
    const { status } = step("preview.sh", ["--settings-only"]);
    expect([status, calls("pulumi"), calls("gh")]).toEqual([0, [], []]);
    expect(summary()).toContain("host shop keeps");
  });

  it("cuts a long plan, and lets no plan end its own frame", () => {
    fake("pulumi", `echo '~~~~~~~~'; echo '# injected'; head -c 90000 /dev/zero | tr '\\0' x`);
    expect(step("preview.sh", [], PR).status).toBe(0);
    expect(posted().length).toBeLessThan(65_536);
    expect(posted()).toContain("\n ~~~~~~~~\n# injected");
    expect(posted()).toContain("bytes in all");
  });

  it("fails without a token, and without GitHub's consent", () => {
    expect(step("preview.sh", [], { ...PR, GH_TOKEN: "" }).stderr).toContain("not set: GH_TOKEN");
    fake("gh", "exit 1");
    expect(step("preview.sh", [], PR).status).not.toBe(0);
  });
});

describe("up", () => {
  it("proves, makes, and sees that nothing is left", () => {
    const { status, stderr } = step("up.sh");
    expect(status, stderr).toBe(0);
    expect(calls("pulumi").map((call) => call.replace(/ --non.*suppress-progress/, ""))).toEqual([
      "up --continue-on-error --stack prod --policy-pack policy --yes",
      "preview --stack prod --expect-no-changes",
    ]);
    expect(summary()).toBe("Stack prod is as the settings say.\n");
  });

  it("touches nothing when the rule is broken", () => {
    expect([step("up.sh", [], { COPIES: "false" }).status, calls("pulumi")]).toEqual([1, []]);
    fake("granary", "exit 1");
    expect([step("up.sh").status, calls("pulumi")]).toEqual([1, []]);
  });

  it("ends as pulumi does, and takes no damaged key", () => {
    fake("pulumi", "exit 7");
    expect(step("up.sh").status).toBe(7);
    const { status, stderr } = step("up.sh", [], { SSH_KEY: "PLANTED" });
    expect(status).toBe(1);
    expect(stderr).toContain("SSH_KEY is no private key");
    expect(stderr).not.toContain("PLANTED");
  });
});

describe("drill", () => {
  const IDENTITY = "AGE-SECRET-KEY-1PLANTED";
  const left = (): string[] => readdirSync("/dev/shm").filter((name) => name.startsWith("granary-identity."));
  beforeEach(() => {
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "one");
    mkdirSync(at("docs"));
    writeFileSync(at("docs/runbook.md"), "# Runbook\n");
    mkdirSync(at("evidence"));
    const drill = `cat "\${@: -1}" >${at("given")}; echo x >evidence/2026-11-25-drill.json; exit \${DRILL:-0}`;
    fake("granary", `case $1 in --help) ${COMMANDS} ;; drill) ${drill} ;; esac`);
    spawnSync("git", ["init", "-q", "--bare", at("remote.git")]);
    git("remote", "add", "origin", at("remote.git"));
  });

  it.each([
    ["0", "passed"],
    ["3", "FAILED"],
  ])("that ends with %s keeps its evidence and proposes it: %s", (code, word) => {
    const { status, stderr } = step("drill.sh", ["shop"], {
      DRILL_IDENTITY: IDENTITY,
      GH_TOKEN: "PLANTED-TOKEN",
      DRILL: code,
    });
    expect(status, stderr).toBe(Number(code));
    expect(readFileSync(at("given"), "utf8")).toBe(`${IDENTITY}\n`);
    expect(calls("granary").at(-1)).toMatch(/^drill shop --stack prod --identity \/dev\/shm\/granary-identity\./);
    expect(left()).toEqual([]);
    const create = calls("gh").at(-1) ?? "";
    expect(create).toMatch(new RegExp(`^pr create --base main --head drill/\\S+ --title Drill of \\S+: ${word} `));
    expect(git("--git-dir", at("remote.git"), "ls-tree", "-r", "--name-only", /drill\/\S+/.exec(create)![0])).toBe(
      "docs/runbook.md\nevidence/2026-11-25-drill.json",
    );
    expect(calls("gh").join("\n") + calls("granary").join("\n")).not.toContain("PLANTED");
  });

  it("without a host is one of every host, and the last failure counts", () => {
    const check = `echo '{"hosts":[{"host":"shop"},{"host":"blog"}]}'; exit 1`;
    const drill = `echo x >evidence/$2.json; [[ $2 == blog ]] || exit 3`;
    fake("granary", `case $1 in --help) ${COMMANDS} ;; check) ${check} ;; drill) ${drill} ;; esac`);
    const { status, stderr } = step("drill.sh", [], { DRILL_IDENTITY: IDENTITY });
    expect(status, stderr).toBe(3);
    expect(git("log", "-1", "--format=%s")).toMatch(/^Drill of .*: FAILED$/);
    expect(git("ls-tree", "-r", "--name-only", "HEAD")).toBe("docs/runbook.md\nevidence/blog.json\nevidence/shop.json");
  });

  it("fails when there is nothing to keep", () => {
    fake("granary", `[[ $1 != --help ]] || { ${COMMANDS}; }; exit 0`);
    git("add", "docs");
    git("commit", "-qm", "two");
    const { status, stderr } = step("drill.sh", ["shop"], { DRILL_IDENTITY: IDENTITY });
    expect([status, left()]).toEqual([1, []]);
    expect(stderr).toContain("left no evidence");
  });

  it("begins nothing without an identity, or without the command", () => {
    expect(step("drill.sh").stderr).toContain("not set: DRILL_IDENTITY");
    expect(calls("granary")).toEqual([]);
    fake("granary", "exit 0");
    expect(step("drill.sh", [], { DRILL_IDENTITY: IDENTITY }).stderr).toContain("no command 'drill'");
  });
});

describe("status and maintenance", () => {
  it.each([
    ["status.sh", [], "status --stack prod --html status.html"],
    ["maintain.sh", [], "maintain --stack prod --yes"],
    ["maintain.sh", ["--look"], "maintain --stack prod"],
  ])("%s %j shows what was said, and ends as it did", (name, args, call) => {
    fake("granary", `case $1 in --help) ${COMMANDS} ;; *) echo told; exit 1 ;; esac`);
    const { status, stdout } = step(name, args);
    expect([status, stdout]).toEqual([1, "told\n"]);
    expect(calls("granary").at(-1)).toBe(call);
    expect(summary()).toBe("~~~~~~~~\ntold\n~~~~~~~~\n");
  });
});

describe("login", () => {
  const GIVEN = { PULUMI_CONFIG_PASSPHRASE: "PLANTED-PASSPHRASE" };
  const CURL = `cat >>"$(dirname "$0")/../sent"; [[ $* != *token.example* ]] || { echo '{"value":"PLANTED-ID"}'; exit; }; echo '{"access_token":"PLANTED-ACCESS"}'`;

  it("exchanges the run's identity for a token that no argument shows", () => {
    fake("curl", CURL);
    const oidc = {
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://token.example/?x=1",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "PLANTED-REQUEST",
    };
    const { status, stderr, stdout } = step("login.sh", [], {
      ...GIVEN,
      ...oidc,
      PULUMI_ORGANIZATION: "shop",
      GITHUB_ENV: at("env"),
    });
    expect(status, stderr).toBe(0);
    const sent = readFileSync(at("sent"), "utf8");
    expect(sent).toContain('header = "Authorization: Bearer PLANTED-REQUEST"');
    expect(JSON.parse(sent.slice(sent.indexOf("{")))).toEqual({
      audience: "urn:pulumi:org:shop",
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      requested_token_type: "urn:pulumi:token-type:access_token:organization",
      scope: "",
      expiration: 3600,
      subject_token: "PLANTED-ID",
    });
    expect(calls("curl").join("\n")).not.toContain("PLANTED");
    expect(readFileSync(at("env"), "utf8")).toBe("PULUMI_ACCESS_TOKEN=PLANTED-ACCESS\n");
    expect(stdout).toBe("::add-mask::PLANTED-ACCESS\n");
  });

  it("exchanges nothing for a state that opens by itself", () => {
    fake("curl", "exit 1");
    expect(step("login.sh", [], { ...GIVEN, PULUMI_BACKEND_URL: "s3://state" }).status).toBe(0);
    expect(calls("curl")).toEqual([]);
    expect(calls("pulumi")).toEqual(["whoami --non-interactive", "stack select --non-interactive prod"]);
  });

  it.each([
    [{}, "not set: PULUMI_CONFIG_PASSPHRASE"],
    [GIVEN, "no state: set PULUMI_BACKEND_URL"],
    [{ ...GIVEN, PULUMI_ORGANIZATION: "shop" }, "not set: ACTIONS_ID_TOKEN_REQUEST_URL"],
  ])("fails with %j", (env, message) => {
    const { status, stderr } = step("login.sh", [], env);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });
});

it("a Pulumi that is not what was published is not installed", () => {
  fake(
    "curl",
    `prev=; for word in "$@"; do [[ $prev != -o ]] || echo "0000  pulumi-v1.2.3-linux-x64.tar.gz" >"$word"; prev=$word; done`,
  );
  fake("uname", "echo x86_64");
  const { status } = spawnSync("bash", [join(root, "lab/toolchain/download-pulumi.sh"), "1.2.3", at("bin")], {
    env: { PATH: `${at("bin")}:/usr/bin:/bin`, TMPDIR: directory },
  });
  expect(status).not.toBe(0);
  expect(existsSync(at("bin/pulumi-language-nodejs"))).toBe(false);
});
