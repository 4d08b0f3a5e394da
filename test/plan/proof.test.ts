import { describe, expect, it } from "vitest";
import { copyDomain, productionDomain } from "../../plan/failure-domain.js";
import { assertProof, prove, ProofError } from "../../plan/proof.js";
import type { Settings, StorageBoxCopy } from "../../settings/schema.js";
import { parseSettings } from "../../settings/parse.js";
import { example } from "../settings/example.js";

function settings(keep: string[], change: Partial<Settings> = {}): Settings {
  const all = parseSettings(example());
  return {
    ...all,
    copies: Object.fromEntries(Object.entries(all.copies).filter(([n]) => keep.includes(n))),
    ...change,
  };
}

const broken = (s: Settings) => prove(s).hosts.flatMap((h) => h.legs.filter((l) => l.ok === false).map((l) => l.rule));

describe("failure domains", () => {
  it("says what production and each copy share their fate with", () => {
    const { hosts, copies } = parseSettings(example());
    expect(Object.values(hosts).map(productionDomain)).toEqual([
      {
        provider: "hetzner",
        country: "DE",
        medium: "server disk",
        destroyers: ["root on the host", "the hetzner account"],
      },
    ]);
    expect(Object.values(copies).map(copyDomain)).toEqual([
      {
        provider: "digitalocean",
        country: "DE",
        medium: "object store",
        destroyers: ["root on the host (its key may delete versions)", "the digitalocean account"],
      },
      {
        provider: "cloudflare",
        country: "western Europe",
        medium: "object store",
        destroyers: ["the cloudflare account (it can remove the lock)"],
      },
      { provider: "hetzner", country: "FI", medium: "ZFS box", destroyers: ["the hetzner account"] },
    ]);
  });

  it("refuses a place it does not know", () => {
    expect(() => copyDomain({ kind: "spaces", region: "xyz1", bucket: "abc" })).toThrow(
      'no place named "xyz1": use one of ams3, atl1',
    );
  });
});

describe("the proof", () => {
  it.each([
    [["spaces", "r2", "box"], []],
    [["spaces", "r2"], []],
    [["r2", "box"], []],
    [["box"], ["3 copies"]],
    [["r2"], ["3 copies"]],
    [["spaces"], ["3 copies", "1 out of the host's reach"]],
    [[], ["3 copies", "2 media", "1 off-site", "1 out of the host's reach"]],
  ])("with the copies %j misses %j", (copies, missing) => {
    expect(broken(settings(copies))).toEqual(missing);
  });

  it("takes another country of the same provider as off-site, and not the same one", () => {
    const box = settings(["box"]).copies["box"] as StorageBoxCopy;
    expect(broken(settings([], { copies: { a: box, b: box } }))).toEqual([]);
    const near = { ...box, location: "nbg1" };
    expect(broken(settings([], { copies: { a: near, b: near } }))).toEqual(["1 off-site"]);
  });

  it("asks for a storage box where files are saved: a lock lets go of what is older", () => {
    const raw = example();
    Object.assign(raw.hosts.shop.jobs, { media: { kind: "files", paths: ["/opt/uploads"] } });
    const { hosts } = parseSettings(raw);
    const leg = (copies: string[]) => prove(settings(copies, { hosts })).hosts[0]!.legs[3]!;
    expect(leg(["spaces", "r2"])).toEqual({
      rule: "1 out of the host's reach",
      ok: false,
      found:
        "r2 (locked for 30 days), which keeps no files (media): the host's own keys can delete what is older than the lock",
      remedy: "add a copy that only lets files be added: { kind: storageBox }",
    });
    expect(leg(["spaces", "r2", "box"]).ok).toBe(true);
  });

  it("holds for no hosts at all", () => {
    expect(prove(settings([], { hosts: {} }))).toEqual({ ok: true, hosts: [] });
  });
});

describe("assertProof", () => {
  it("hands back a proof that holds", () => {
    const whole = settings(["spaces", "r2"]);
    expect(assertProof(whole)).toEqual(prove(whole));
  });

  it("names host, leg, what was found and the remedy", () => {
    expect(() => assertProof(settings([]))).toThrow(ProofError);
    expect(() => assertProof(settings([]))).toThrow(
      `the plan breaks the 3-2-1 rule:
  host shop: "3 copies" is missing: found 1: production; add an entry under granary:copies
  host shop: "2 media" is missing: found 1: server disk; add a copy on another medium under granary:copies, e.g. { kind: storageBox }
  host shop: "1 off-site" is missing: found none: every copy is at hetzner in DE, like the host; add a copy at another provider or outside DE, e.g. { kind: r2, … }
  host shop: "1 out of the host's reach" is missing: found none: the host's own keys can delete every copy; add a copy the host cannot destroy: { kind: r2, … } (lock) or { kind: storageBox } (snapshots)`,
    );
  });
});
