/** Passwords of a repository with the real restic, and keys of a bucket with the real rclone. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OpenRepository } from "../../cli/maintain/repositories.js";
import { doorsOf, refuses } from "../../cli/rotate/doors.js";
import { letIn, onlyOurs, opens } from "../../cli/rotate/repositories.js";
import { vaultOf } from "../../cli/rotate/vault.js";
import { DAY } from "../../plan/stamps.js";
import { parseSettings } from "../../settings/parse.js";
import { quickRepository } from "../scripts/quick-repository.js";
import { S3Stub } from "../scripts/s3-stub.js";
import { example } from "../settings/example.js";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "granary-vault-"))));
afterEach(() => rmSync(directory, { recursive: true }));

/** The repository of shop/media in a copy that is a directory. */
function repository(password: string): OpenRepository {
  const env = { ...process.env, RCLONE_CONFIG_R2_TYPE: "alias", RCLONE_CONFIG_R2_REMOTE: join(directory, "copy") };
  const copy = parseSettings(example()).copies["r2"]!;
  return { host: "shop", job: "media", password, remote: { name: "r2", copy, env, root: "r2:", scratch: directory } };
}

const keys = (): string[] => readdirSync(join(directory, "copy/files/shop/media/keys"));

function open(): void {
  mkdirSync(join(directory, "copy/files/shop"), { recursive: true });
  quickRepository(join(directory, "copy/files/shop/media"), "OLD");
}

describe("a repository", () => {
  it("opens with both passwords, then with the new one alone, though an intruder had added one", async () => {
    open();
    expect(await letIn(repository("OLD"), "NEW")).toBe(true);
    expect([await opens(repository("OLD")), await opens(repository("NEW"))]).toEqual(["opens", "opens"]);
    // Once more changes nothing.
    expect(await letIn(repository("OLD"), "NEW")).toBe(true);
    expect(keys()).toHaveLength(2);
    await letIn(repository("OLD"), "INTRUDER");
    expect(await onlyOurs(repository("NEW"), 0, Date.now())).toEqual([]);
    expect(keys()).toHaveLength(1);
    expect(await Promise.all(["OLD", "INTRUDER", "NEW"].map((password) => opens(repository(password))))).toEqual([
      ...["refused", "refused", "opens"],
    ]);
  }, 60_000);

  it("keeps an old password for as long as the copy's lock does, and says until when", async () => {
    open();
    await letIn(repository("OLD"), "NEW");
    const now = Date.now();
    const [kept, ...more] = await onlyOurs(repository("NEW"), 30, now);
    expect([more, keys().length]).toEqual([[], 2]);
    expect((kept!.until - now) / DAY).toBeGreaterThan(30);
    expect((kept!.until - now) / DAY).toBeLessThan(32);
    expect(await onlyOurs(repository("NEW"), 30, now + 33 * DAY)).toEqual([]);
    expect(keys()).toHaveLength(1);
  }, 60_000);

  it("that is not there yet has no password to change", async () => {
    mkdirSync(join(directory, "copy"));
    expect(await opens(repository("OLD"))).toBe("absent");
    expect(await letIn(repository("OLD"), "NEW")).toBe(false);
    expect(await onlyOurs(repository("OLD"), 0, Date.now())).toEqual([]);
  });

  it("that is damaged is not one that refuses", async () => {
    open();
    writeFileSync(join(directory, "copy/files/shop/media/config"), "nothing that restic wrote");
    await expect(letIn(repository("OLD"), "NEW")).rejects.toThrow(/copy r2: repository shop\/media: restic/);
  }, 30_000);

  it("cannot be changed without the credentials of maintenance, which is said", () => {
    const vault = vaultOf(parseSettings(example()), { copies: {} }, undefined);
    expect(() => vault.onlyOurs({ host: "shop", job: "media", copy: "box" }, "NEW")).toThrow(
      "copy box: the stack has no credentials for maintenance, which change the password of shop/media: give granary:ssh",
    );
  });
});

describe("a bucket", () => {
  let stub: S3Stub;
  let endpoint: string;
  beforeEach(async () => {
    stub = new S3Stub("kolonell-archive", "CURRENT");
    endpoint = await stub.listen();
  });
  afterEach(() => stub.close());

  const door = (accessKeyId: string, at = endpoint) => {
    const settings = parseSettings({
      ...example(),
      copies: { ...example().copies, r2: { ...example().copies.r2, endpoint: at } },
    });
    const access = { kind: "s3" as const, accessKeyId, secretAccessKey: "s" };
    const [found] = doorsOf({ generation: 1, copies: { r2: access }, replicas: {} }, settings, "shop");
    return found!;
  };

  it("refuses a key that it does not know, and lets in one that it does", async () => {
    expect(await refuses(door("RETIRED"))).toBe(true);
    const asked = stub.requests.length;
    expect(await refuses(door("CURRENT"), { tries: 2, pauseMs: 1 })).toBe(false);
    expect(stub.requests.length - asked, "it is asked until it refuses").toBe(2);
  }, 60_000);

  it("that does not answer has not refused", async () => {
    await expect(refuses(door("RETIRED", "http://127.0.0.1:9"))).rejects.toThrow(
      /^r2: whether the old key is refused is not known: /,
    );
  }, 60_000);

  it("of a replica is looked up in its job; an account on a box is no bucket", () => {
    const raw = example();
    const copies = { ...raw.copies, spaces: { ...raw.copies.spaces, replica: { region: "ams3" } } };
    const settings = parseSettings({ ...raw, copies });
    const [name, job] = Object.entries(settings.hosts["shop"]!.jobs).find(([, { kind }]) => kind === "replica")!;
    if (job.kind !== "replica") throw new Error("no replica");
    const access = { kind: "s3" as const, accessKeyId: "A", secretAccessKey: "s" };
    const box = { kind: "box" as const, server: "b", username: "u" };
    const doors = doorsOf(
      { generation: 1, copies: { box }, replicas: { [name]: { [job.from]: access, replica: access } } },
      settings,
      "shop",
    );
    expect(doors.map((one) => [one.name, one.place])).toEqual([
      [`${name}/${job.from}`, job.source],
      [`${name}/replica`, job.target],
    ]);
  });
});
