/** `granary doctor`: what it asks, whom it believes, what it prints. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { granaryIn } from "../granary.js";
import { answer, ANSWER, deploy, directory, fake, findings, names, setUp, tearDown } from "./asked.js";
import { change, property, UP, without } from "./spoil.js";
import { LIB, raw, SECRET, state, wellText } from "./well.js";

beforeEach(setUp);
afterEach(tearDown);

describe("a host that is well", () => {
  it("has nothing to be said of", async () => {
    expect(await findings()).toMatchObject({ code: 0, findings: [] });
    const { code, out } = await granaryIn(directory, "doctor");
    expect([code, out]).toEqual([0, "host shop: as the program says\n"]);
  });

  it("may greet at a login", async () => {
    answer(`Welcome to shop!\n@@ end \n${wellText()}`);
    expect(await findings()).toMatchObject({ code: 0, findings: [] });
  });

  it("is asked by a script that comes with the question, and told what it may know", async () => {
    await findings("shop", "--ssh-key", "/k");
    const sent = readFileSync(join(directory, "sent"), "utf8");
    expect(sent).toContain("cron_lines() {");
    expect(sent).toMatch(/main "\$@"\n$/);
    const args = readFileSync(join(directory, "args"), "utf8");
    expect(args).toMatch(
      /'bash' '--norc' '-s' '--' 'Id,FragmentPath,.*NoNewPrivileges.*' 'granary@orders.timer' 'granary@orders.service'/,
    );
    expect(args).toContain("'granary-wal@orders.service'");
    expect(args + sent).not.toContain(SECRET);
  });
});

describe("the settings, the stack and the host", () => {
  it("scripts that were not deployed yet need no replacement", async () => {
    deploy(raw(), state(raw(), ["shop"], "f".repeat(64)));
    answer(change(`${LIB}/granary-backup`)(wellText()));
    const { findings: found } = await findings();
    expect(names(found)).toEqual(["not-deployed scripts", `script-changed ${LIB}/granary-backup`]);
    expect(found.flatMap(({ fix }) => fix.map(({ command }) => command))).toEqual([
      "pulumi up --stack prod",
      "pulumi up --stack prod",
    ]);
  });

  it("a job that was put in or whose time was changed must be deployed", async () => {
    const settings = raw() as unknown as { hosts: Record<string, { jobs: Record<string, object> }> };
    const changed = structuredClone(settings);
    changed.hosts["shop"]!.jobs["media"] = { ...changed.hosts["shop"]!.jobs["media"], schedule: "05:00" };
    changed.hosts["shop"]!.jobs["logs"] = { kind: "logs", paths: ["/var/log/nginx"] };
    deploy(changed, state(settings));
    const { findings: found } = await findings();
    expect(names(found)).toContain("not-deployed media");
    expect(names(found)).toContain("not-deployed logs");
    expect(found.find(({ subject }) => subject === "logs")!.fix).toEqual([
      { on: "laptop", command: "pulumi up --stack prod" },
    ]);
  });

  it("a host that is in the settings only is named", async () => {
    deploy(raw(["shop", "web"]), state(raw(["shop", "web"]), ["shop"]));
    expect(names((await findings()).findings)).toEqual(["not-deployed web"]);
  });
});

describe("hosts that cannot be asked", () => {
  it("one that is dead is named, and does not stop the others", async () => {
    const settings = raw(["shop", "web"]);
    deploy(settings, state(settings, ["shop", "web"]));
    writeFileSync(join(directory, "answer"), wellText("web", settings));
    fake(
      "ssh",
      `case "$*" in *203.0.113.10*) echo 'ssh: connect to host 203.0.113.10 port 22: No route to host' >&2; exit 255;; esac\ncat >/dev/null; ${ANSWER()}`,
    );
    const { code, hosts } = await findings();
    expect(code).toBe(1);
    expect(hosts.map(({ host, findings: found }) => [host, names(found)])).toEqual([
      ["shop", ["host shop"]],
      ["web", []],
    ]);
    expect(hosts[0]!.findings[0]!.found).toContain("No route to host");
  });

  it("one that shows another key is not believed", async () => {
    fake(
      "ssh",
      `echo 'The fingerprint for the ED25519 key sent by the remote host is
SHA256:abcDEF.
Host key verification failed.' >&2; exit 255`,
    );
    const { code, findings: found } = await findings();
    expect(code).toBe(1);
    expect(names(found)).toEqual(["host-key shop"]);
    expect(found[0]!.found).toMatch(
      /203\.0\.113\.10 shows another key \(SHA256:abcDEF\) than the pinned ssh-ed25519 AAAA/,
    );
    expect(found[0]!.fix).toEqual([{ on: "laptop", command: "ssh-keyscan -p 22 203.0.113.10 | ssh-keygen -lf -" }]);
  });

  it.each([
    ["says something else", "Welcome!", 0, "did not answer as expected"],
    ["stops in the middle", "@@ begin granary-doctor\n@@ files \n", 0, "did not answer as expected"],
    ["hangs", "", 124, "gave no answer in 120 s"],
  ])("one that %s", async (_, text, exit, message) => {
    fake("ssh", `cat >/dev/null; printf '%s' '${text}'; exit ${exit}`);
    const { code, findings: found } = await findings();
    expect([code, names(found)]).toEqual([1, ["host shop"]]);
    expect(found[0]!.found).toContain(message);
  });
});

describe("what is printed", () => {
  it("shows each finding, and the fix once for those that share it, as it is typed here", async () => {
    answer(
      change(`${LIB}/granary-backup`)(
        without(`${LIB}/granary-wal`)(property("granary@media.timer", "ActiveState", "inactive")(wellText())),
      ),
    );
    const { code, out } = await granaryIn(directory, "doctor");
    expect(code).toBe(1);
    expect(out).toBe(`host shop: BAD, 3 to put right
  BAD   script-changed  ${LIB}/granary-backup: its content is not the program's
  BAD   script-missing  ${LIB}/granary-wal: it is not there
        fix: ${UP}
  BAD   unit-off  granary@media.timer: ActiveState is 'inactive', expected 'active'
        fix: ssh root@203.0.113.10 'systemctl unmask granary@media.timer; systemctl enable --now granary@media.timer'
`);
  });

  it("no secret, and no hash of one", async () => {
    answer(change("/etc/granary/media.env")(wellText()));
    const both = [await granaryIn(directory, "doctor"), await granaryIn(directory, "doctor", "--json")];
    for (const { out, err } of both) {
      expect(out + err).not.toContain(SECRET);
      expect(out + err).not.toMatch(/[0-9a-f]{64}/);
    }
  });

  it("what is wrong with the call, the settings or the stack", async () => {
    const { code, err } = await granaryIn(directory, "doctor", "nope");
    expect([code, err]).toEqual([1, 'granary doctor: the settings have no host "nope": they have shop\n']);
    expect((await granaryIn(directory, "doctor", "--stack", "a b")).code).toBe(64);
    expect((await granaryIn(directory, "doctor", "--fix")).code).toBe(64);
    fake("pulumi", "echo 'error: incorrect passphrase' >&2; exit 255");
    const failed = await granaryIn(directory, "doctor");
    expect([failed.code, failed.err]).toEqual([
      1,
      "granary doctor: pulumi cannot read the state of stack prod: error: incorrect passphrase\n",
    ]);
  });
});
