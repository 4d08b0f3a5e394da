import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { main } from "../../cli/main.js";
import type { Threats } from "../../plan/threats/matrix.js";
import { example, RECIPIENTS } from "../settings/example.js";
import { granaryIn } from "./granary.js";

const ROOT = join(import.meta.dirname, "../..");
let directory: string;

/** A stack file of these settings. */
function stack(name: string, change: object): void {
  const config = Object.entries({ ...example(), ...change }).map(([key, value]) => [`granary:${key}`, value] as const);
  writeFileSync(join(directory, `Pulumi.${name}.yaml`), stringify({ config: Object.fromEntries(config) }));
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "threats-"));
  stack("three", {
    encryption: { recipients: [...RECIPIENTS, "age1vnw6sjhkghn0pyh2p4cv3a379d2mgc755p45q0we5mk67lkycqeqn28ds5"] },
  });
  stack("one", { encryption: { recipients: RECIPIENTS.slice(0, 1) } });
  stack("none", { hosts: {} });
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("granary check --threats", () => {
  it("shows each failure, the pairs that leave less, the remedies, and exits 1 when a pair leaves nothing", async () => {
    const { code, out, err } = await granaryIn(ROOT, "check", "--threats");
    expect([code, err]).toEqual([1, ""]);
    for (const line of [
      /^ {2}root on shop +gone +r2 \(lock, not media\), box \(snapshot\) +60 s to 7 d +5 y$/m,
      /^ {2}outage of hetzner +away +spaces, r2 +60 s to 7 d +5 y$/m,
      /^ {2}root on shop: cut it off.*; then restore a snapshot of box in Hetzner's console; then npx granary recover shop --clean-room --before TIME --copy box/m,
      /^ {2}administrator's mistake: .*; then npx granary restore shop JOB --at TIME --copy spaces/m,
      /^ {2}root on shop \+ account at hetzner lost +gone +NOTHING of media, r2 \(lock\) +60 s to 7 d +30 d$/m,
      /^ {2}root on shop \+ outage of hetzner +gone +NOTHING of media until the outage ends, r2 \(lock\)/m,
      /^ {2}laptop stolen \+ identity 2 lost +gone +NOTHING +- +-$/m,
      /^ {2}102 of 120 pairs leave no less/m,
      /^ {2}one more identity.*: EUR 0\.00 a month more after a year\n {4}against laptop stolen \+ identity 2 lost\n/m,
      /^ {2}no change of the settings: keep one backup by hand/m,
      /^SOMETHING LEAVES NOTHING/m,
    ])
      expect(out).toMatch(line);
  });

  it("exits 0 when nothing is red, and 1 when something is, as JSON too", async () => {
    const whole = await granaryIn(directory, "check", "--threats", "--stack", "three");
    expect([whole.code, whole.out]).toEqual([0, expect.stringContaining("no failure leaves nothing\n")]);
    expect(whole.out).not.toMatch(/NOTHING|to do:/);
    const { code, out } = await granaryIn(directory, "check", "--threats", "--stack", "one", "--json");
    const { ok, hosts } = JSON.parse(out) as Threats;
    expect([code, ok, hosts[0]!.pairs.length]).toEqual([1, false, 105]);
    const lost = hosts[0]!.singles.find(({ failures }) => failures[0] === "identity 1 lost")!;
    expect([lost.red, lost.remedy?.eurPerMonth]).toEqual([["orders"], 0]);
  });

  it("counts pairs that follow from one that is red by itself", async () => {
    const { out } = await granaryIn(directory, "check", "--threats", "--stack", "one");
    expect(out).toMatch(/; 27 have one in them that is red by itself;/);
    expect(out).not.toMatch(/^ {2}identity 1 lost \+/m);
  });

  it("looks at single failures alone with --singles, and at a laptop with every token with --open-laptop", async () => {
    const singles = await granaryIn(ROOT, "check", "--threats", "--singles");
    expect([singles.code, singles.out.includes("pairs")]).toEqual([0, false]);
    const open = await granaryIn(ROOT, "check", "--threats", "--singles", "--open-laptop");
    expect(open.code).toBe(1);
    expect(open.out).toMatch(/^ {2}laptop stolen, with open shells +gone +NOTHING +- +-$/m);
  });

  it("has nothing to say of a stack without hosts", async () => {
    const { code, out } = await granaryIn(directory, "check", "--threats", "--stack", "none");
    expect([code, out]).toEqual([0, "no host owns data: nothing can be lost\n"]);
  });

  it("paints what is red where colours are welcome", async () => {
    let out = "";
    const terminal = { out: (text: string) => void (out += text), err: () => undefined, color: true, directory };
    expect(await main(["check", "--threats", "--singles", "--stack", "one"], terminal)).toBe(1);
    expect(out.match(/\u001b\[31m {2}[\w ]+/g)?.map((line) => line.slice(7).trim().split(/ {2,}/)[0])).toEqual([
      "laptop stolen",
      "identity 1 lost",
    ]);
  });

  it.each([["--singles"], ["--open-laptop"]])("refuses %s without --threats", async (option) => {
    const { code, err } = await granaryIn(ROOT, "check", option);
    expect(code).toBe(64);
    expect(err).toContain("--singles and --open-laptop are of --threats");
  });
});
