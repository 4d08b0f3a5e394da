/** The order of a recovery, and where it stops: the name never goes to a server that does not sell. */
import { describe, expect, it } from "vitest";
import { recover } from "../../cli/recover/run.js";
import { example } from "../settings/example.js";
import { config, done, evidence, NEW, OLD, settings, world, written } from "./recovery.js";

describe("a recovery", () => {
  it("brings back in order, tries the shop, and only then lets its name and its own backups go on", async () => {
    const told = evidence();
    await recover(world(), told);
    expect(done).toEqual([
      "refresh",
      "up, name held",
      "granary-hold on",
      "granary-bring-back configs --copy r2 <identity",
      "granary-bring-back code --copy r2 <identity",
      "git -c safe.directory=/opt/app -C /opt/app rev-parse HEAD",
      "granary-bring-back media --copy r2 <identity",
      "granary-app create /opt/app/compose.yaml",
      "granary-bring-back orders --copy r2 <identity",
      "granary-app databases /opt/app/compose.yaml db",
      "granary-bring-back orders --look",
      "granary-app start /opt/app/compose.yaml",
      "granary-app images /opt/app/compose.yaml",
      "smoke 203.0.113.20",
      "up",
      "granary-hold off",
    ]);
    expect(config).toEqual({});
    const { json } = await told.finish("back");
    const record = JSON.parse(written(json)) as { ok: boolean };
    expect(record).toMatchObject({ ok: true, copy: "r2", kind: "recover" });
    expect(JSON.stringify(record)).not.toContain("PLANTED");
  });

  it("refuses while the old server answers, and changes nothing", async () => {
    const what = world({ live: () => Promise.resolve(true) });
    await expect(recover(what, evidence())).rejects.toThrow(/answers at 203.0.113.10: it is not lost/);
    expect([done, config]).toEqual([[], {}]);
  });

  it("of a host at an address begins once the settings tell another one, and not before", async () => {
    const raw = settings();
    const { address, hostKey, provider, country } = example().hosts.shop;
    const shop: Record<string, unknown> = { ...raw.hosts["shop"] };
    delete shop["server"];
    const moved = (to: string) => ({
      ...{ ...raw, hosts: { shop: { ...shop, address: to, hostKey, provider, country } as never } },
    });
    expect(address).toBe(OLD.address);
    const told = recover(world({ settings: moved(OLD.address) }), evidence());
    await expect(told).rejects.toThrow(/make a new one, write its address and hostKey there/);
    expect([done, config]).toEqual([[], {}]);
    await recover(world({ settings: moved(NEW.address) }), evidence());
    expect(done.at(-1)).toBe("granary-hold off");
  });

  it("says so when the company still has the lost server, which does not answer", async () => {
    const what = world({ live: () => Promise.resolve(false) });
    await expect(recover(what, evidence())).rejects.toThrow(/at 203.0.113.20 does not answer, and is still there/);
    expect(done).not.toContain("granary-hold on");
  });

  it("does not begin while another host is being recovered", async () => {
    const recovery = { host: "shop", since: "2026-11-23T18:00:00Z", dns: OLD.address, sells: false };
    const raw = settings(recovery);
    const what = world({ settings: { ...raw, recovery: { ...recovery, host: "blog" } } });
    await expect(recover(what, evidence())).rejects.toThrow(/the recovery of blog since .* is not finished/);
    expect(done).toEqual([]);
  });

  it("goes on after an interruption, though the new server answers by now, and remembers where the name was", async () => {
    const recovery = { host: "shop", since: "2026-11-23T18:00:00Z", dns: OLD.address, sells: false };
    config["granary:recovery"] = JSON.stringify(recovery);
    await recover(world({ settings: settings(recovery), live: () => Promise.resolve(true) }), evidence());
    expect(done.at(-2)).toBe("up");
    expect(config).toEqual({});
  });

  it("fetches nothing again once the shop sold, and lets name and backups go on", async () => {
    const recovery = { host: "shop", since: "2026-11-23T18:00:00Z", dns: OLD.address, sells: true };
    config["granary:recovery"] = JSON.stringify(recovery);
    await recover(world({ settings: settings(recovery), live: () => Promise.resolve(true) }), evidence());
    expect(done).toEqual(["smoke 203.0.113.10", "up", "granary-hold off"]);
    expect(config).toEqual({});
  });

  it("takes databases from their dumps if asked: each into its running server", async () => {
    await recover(world({ from: "dump" }), evidence());
    const at = done.indexOf("granary-bring-back orders --copy r2 --from dump <identity");
    expect(at).toBeGreaterThan(done.indexOf("granary-app databases /opt/app/compose.yaml db"));
    expect(done.join()).not.toContain("--look");
  });

  it.each([
    ["a copy that cannot be read", "bring-back media", /granary-bring-back media ended with 24: event=error code=24/],
    ["an image that cannot be pulled", "granary-app create", /granary-app create ended with 24/],
  ])("stops at %s: the name stays, and so does the hold", async (_, at, message) => {
    await expect(
      recover(
        world({}, (line) => line.includes(at)),
        evidence(),
      ),
    ).rejects.toThrow(message);
    expect(done.at(-1)).toContain(at);
    expect(JSON.parse(config["granary:recovery"]!)).toMatchObject({ host: "shop", dns: OLD.address });
  });

  it("a shop that does not sell does not get its name", async () => {
    const failed = { name: "home", ok: false, seconds: 0, found: "/ answered 502, not 200" };
    const what = world({ smoke: () => Promise.resolve({ ok: false, steps: [failed] }) });
    const told = evidence();
    await expect(recover(what, told)).rejects.toThrow(
      /does not sell at 203.0.113.20 \(home: \/ answered 502, not 200\)/,
    );
    expect(done).not.toContain("up");
    expect(done).not.toContain("granary-hold off");
    expect(config["granary:recovery"]).toBeDefined();
    expect(told.record.checks.at(-1)).toMatchObject({ name: "customer: home", ok: false });
  });

  it("brings back to an instant, and needs no app for the data", async () => {
    const bare = settings();
    delete bare.hosts["shop"]!.app;
    const what = world({ settings: bare, at: "2026-11-23T17:59:00Z", smoke: () => Promise.resolve(undefined) });
    await recover(what, evidence());
    expect(done).toContain("granary-bring-back orders --copy r2 --at 2026-11-23T17:59:00Z <identity");
    expect(done.join()).not.toContain("granary-app");
  });
});
