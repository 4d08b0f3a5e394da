/** What is different when somebody broke in: the infected server is set apart first, and the new one is shut until it was tried. */
import { describe, expect, it } from "vitest";
import { knownServer } from "../../../cli/clean-room/forget.js";
import { askPeople, FOR_PEOPLE } from "../../../cli/clean-room/people.js";
import type { CleanRoom } from "../../../cli/clean-room/set-apart.js";
import { recover } from "../../../cli/recover/run.js";
import { done, evidence, NEW, OLD, settings, world } from "../recovery.js";

/** A break-in, of which nothing younger than a day is trusted. */
function cleanRoom(change: Partial<CleanRoom> = {}): CleanRoom {
  return {
    ...{ before: "2026-11-21T00:00:00Z", commit: "c0ffee1" },
    known: (address) => Promise.resolve(address === OLD.address ? { server: 7, urn: "urn" } : undefined),
    quarantine: (server) => {
      done.push(`quarantine ${server}`);
      return Promise.resolve({ snapshot: 8, name: "shop-infected-7" });
    },
    forget: ({ urn }) => Promise.resolve(void done.push(`forget ${urn}`)),
    ...change,
  };
}

describe("a clean room", () => {
  it("is gone on with as it was begun", async () => {
    const recovery = { host: "shop", since: "2026-11-23T18:00:00Z", dns: OLD.address, sells: false };
    const room = cleanRoom();
    await expect(recover(world({ settings: settings(recovery), cleanRoom: room }), evidence())).rejects.toThrow(
      "the recovery of shop since 2026-11-23T18:00:00Z was begun without --clean-room: go on like that",
    );
    const before = { ...recovery, before: room.before };
    await expect(recover(world({ settings: settings(before) }), evidence())).rejects.toThrow(
      "was begun with --clean-room --before 2026-11-21T00:00:00Z: go on like that",
    );
    expect(done).toEqual([]);
  });

  it("sets the infected server apart first, trusts nothing younger, and lets nothing out until the shop was tried", async () => {
    const told = evidence("clean-room");
    await recover(world({ cleanRoom: cleanRoom(), live: () => Promise.resolve(true) }), told);
    const network = "/usr/local/lib/granary/host/staging-network";
    const git = "git -c safe.directory=/opt/app -C /opt/app";
    expect(done).toEqual([
      ...["quarantine 7", "forget urn", "refresh", "up, name held", "granary-hold on", `${network} close`],
      "granary-bring-back configs --copy r2 --at 2026-11-21T00:00:00Z <identity",
      "granary-bring-back code --copy r2 --at 2026-11-21T00:00:00Z <identity",
      `${git} -c advice.detachedHead=false checkout --quiet --detach c0ffee1`,
      `${git} rev-parse HEAD`,
      "granary-bring-back media --copy r2 --at 2026-11-21T00:00:00Z <identity",
      ...[`${network} pull`, "granary-app create /opt/app/compose.yaml", `${network} close`],
      "granary-bring-back orders --copy r2 --at 2026-11-21T00:00:00Z <identity",
      "granary-app databases /opt/app/compose.yaml db",
      "granary-bring-back orders --look",
      ...["granary-app start /opt/app/compose.yaml", "granary-app images /opt/app/compose.yaml"],
      ...["smoke 203.0.113.20", `${network} open`, "up", "granary-hold off"],
    ]);
    expect(told.record.steps[0]).toMatchObject({
      name: "the infected server is cut off",
      note: "server shop-infected-7, image 8 at Hetzner",
    });
    expect(told.record.versions["code in /opt/app"]).toBe("c0ffee1");
  });

  it("makes nothing while the infected server is not cut off", async () => {
    const room = cleanRoom({ quarantine: () => Promise.reject(new Error("server 7 is not cut off")) });
    await expect(recover(world({ cleanRoom: room }), evidence())).rejects.toThrow("is not cut off");
    expect(done).toEqual([]);
  });

  it("closes the network again when an image cannot be pulled", async () => {
    const what = world({ cleanRoom: cleanRoom() }, (line) => line.startsWith("granary-app create"));
    await expect(recover(what, evidence())).rejects.toThrow("granary-app create");
    expect(done.at(-1)).toBe("/usr/local/lib/granary/host/staging-network close");
  });

  it("asks people for what only they can do, ticks it with its time, and says what is left", async () => {
    const told = evidence();
    const answers = ["done", "later", "d", ""];
    const left = await askPeople(() => Promise.resolve(answers.shift() ?? "later"), told);
    expect(left).toEqual(FOR_PEOPLE.filter((_task, i) => i !== 0 && i !== 2));
    expect(told.record.steps.map(({ name }) => name)).toEqual([FOR_PEOPLE[0], FOR_PEOPLE[2]]);
    expect(await askPeople(undefined, told)).toEqual(FOR_PEOPLE);
  });
});

describe("the server that is known to the engine", () => {
  const urn = (type: string, name: string) => ({ urn: `urn:pulumi:prod::granary::x$${type}::${name}`, type });
  const stack = (...resources: object[]) => ({
    exportStack: () => Promise.resolve({ version: 3, deployment: { resources } }),
  });
  const server = {
    ...{ ...urn("hcloud:index/server:Server", "shop"), id: "7" },
    outputs: { ipv4Address: OLD.address },
  };
  const key = urn("command:local:Command", "shop-host-key");

  it("is the one at the old address, forgotten by its host key", async () => {
    expect(await knownServer(stack(server, key), "shop", OLD.address)).toEqual({ server: 7, urn: key.urn });
    expect(await knownServer(stack(server), "shop", OLD.address)).toEqual({ server: 7, urn: server.urn });
  });
  it("is none once another has taken its place, or if the program made none", async () => {
    expect(await knownServer(stack(server, key), "shop", NEW.address)).toBeUndefined();
    expect(await knownServer(stack(server, key), "blog", OLD.address)).toBeUndefined();
    expect(await knownServer(stack(), "shop", OLD.address)).toBeUndefined();
  });
});
