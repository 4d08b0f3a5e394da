/** The order of a rotation, and that it can be cut off at any point: the host has credentials that work at every moment. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Generation } from "../../components/retiring.js";
import { Evidence } from "../../cli/evidence/evidence.js";
import { remoteBy } from "../../cli/remote.js";
import { forPeople } from "../../cli/rotate/people.js";
import { rotate, type RotateRequest } from "../../cli/rotate/run.js";
import { generationsOf } from "../../plan/generations.js";
import { parseSettings } from "../../settings/parse.js";
import type { Credentials } from "../../settings/schema.js";
import { example } from "../settings/example.js";
import { granaryIn } from "./granary.js";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "granary-rotate-"))));
afterEach(() => rmSync(directory, { recursive: true }));

/** A stack, a host and three copies, as far as keys go. What is `made` exists at the vendors; `has` is what the host works with. */
class World {
  credentials: Record<string, Credentials> | undefined;
  made = [1];
  has = 1;
  /** Passwords of each repository, by copy; of the generation that they are. */
  repositories: Record<string, string[]> = { spaces: ["password-1"], r2: ["password-1"], box: ["password-1"] };
  retired: Generation | undefined;
  ownKeys = ["box"];
  readonly done: string[] = [];
  /** Steps until the power goes. */
  left = Infinity;
  /** What the lock of R2 keeps. */
  locked = true;
  stubborn = false;

  step(what: string): void {
    if (this.left === 0) throw new Error("the laptop is gone");
    this.left -= 1;
    this.done.push(what);
    this.assertWorks();
  }

  /** Always: what the host has exists, and opens every repository. */
  assertWorks(): void {
    if (!this.made.includes(this.has)) throw new Error("BROKEN: the host has keys that are deleted");
    for (const [copy, passwords] of Object.entries(this.repositories))
      if (!passwords.includes(`password-${this.has}`)) throw new Error(`BROKEN: the host cannot open ${copy}`);
  }

  settings() {
    const jobs = { media: { kind: "files", paths: ["/opt/uploads"] }, orders: { kind: "postgres", database: "mydb" } };
    const raw = { ...example(), hosts: { shop: { ...example().hosts.shop, jobs } } };
    return parseSettings({ ...raw, ...(this.credentials === undefined ? {} : { credentials: this.credentials }) });
  }

  private generation(generation: number): Generation {
    const s3 = { kind: "s3" as const, accessKeyId: `key-${generation}`, secretAccessKey: "s" };
    const copies = { spaces: s3, r2: s3, box: { kind: "box" as const, server: "b", username: "u" } };
    return { generation, copies, replicas: {}, repositoryPassword: `password-${generation}` };
  }

  request(finish = false): RotateRequest {
    const settings = this.settings();
    const now = () => generationsOf({ credentials: this.credentials! }, "shop");
    const remote = remoteBy(([command = "", option]) => {
      this.step(`host: ${command.split("/").at(-1)}${option === undefined ? "" : ` ${option}`}`);
      if (command.endsWith("retired-keys") && option === undefined) {
        const refused = !this.stubborn && this.made.length === 1;
        const lines = this.ownKeys.map((key) => JSON.stringify({ key, copy: "box", refused }));
        return Promise.resolve({ code: 0, stdout: `${lines.join("\n")}\n`, err: "" });
      }
      if (option === "--remove") this.ownKeys = [];
      const stdout = `${JSON.stringify({ job: "media", copy: "r2", what: "written, read, removed" })}\n`;
      return Promise.resolve({ code: 0, stdout: option === undefined ? stdout : "", err: "" });
    });
    return {
      ...{ settings, host: "shop", finish, say: () => undefined },
      engine: {
        setConfig: (_: string, { value }: { value: string }) => {
          this.credentials = JSON.parse(value) as Record<string, Credentials>;
          this.step(`stage ${this.credentials["shop"]!.stage ?? "over"}`);
          return Promise.resolve();
        },
        up: (() => {
          const { used, other } = now();
          // As the engine does it: new things are made, then the host is changed, and last the old ones are deleted.
          this.made = [...new Set([...this.made, used, ...(other === undefined ? [] : [other])])];
          this.step("up: made");
          this.has = used;
          this.step("up: handed over");
          this.made = other === undefined ? [used] : [used, other];
          this.step("up: deleted");
          return Promise.resolve();
        }) as never,
      },
      retiring: () => {
        const { used, other } = now();
        if (other === undefined) return Promise.resolve(undefined);
        return Promise.resolve({ used: this.generation(used), other: this.generation(other) });
      },
      retired: {
        read: () => Promise.resolve(this.retired),
        write: (generation) => {
          this.retired = generation;
          this.step(generation === undefined ? "forgotten" : `remembered ${generation.generation}`);
          return Promise.resolve();
        },
      },
      repositoryPassword: () => Promise.resolve(`password-${now().used}`),
      remote: () => Promise.resolve(remote),
      vault: () =>
        Promise.resolve({
          letIn: ({ copy }, _, next) => {
            const passwords = this.repositories[copy]!;
            if (!passwords.includes(next)) passwords.push(next);
            this.step(`${copy} opens with ${next}`);
            return Promise.resolve(true);
          },
          onlyOurs: ({ copy }, password) => {
            if (copy === "r2" && this.locked && this.repositories[copy]!.length > 1)
              return Promise.resolve([{ id: "k", until: Date.UTC(2026, 11, 24) }]);
            this.repositories[copy] = [password];
            this.step(`${copy} opens with nothing else`);
            return Promise.resolve([]);
          },
          opens: ({ copy }, password) =>
            Promise.resolve(this.repositories[copy]!.includes(password) ? ("opens" as const) : ("refused" as const)),
          refuses: ({ name, access }) => {
            this.step(`tried ${access.accessKeyId} at ${name}`);
            return Promise.resolve(!this.made.map((made) => `key-${made}`).includes(access.accessKeyId));
          },
        }),
    };
  }
}

const evidence = () => new Evidence("rotate", "shop", directory);

describe("a rotation", () => {
  it("makes, hands over, tries, and only then gives up what was there", async () => {
    const world = new World();
    const told = evidence();
    const kept = await rotate(world.request(), told);
    expect(world.done).toEqual([
      ...["stage made", "up: made", "up: handed over", "up: deleted"],
      ...["spaces", "r2", "box"].map((copy) => `${copy} opens with password-2`),
      ...["stage used", "up: made", "up: handed over", "up: deleted"],
      ...["spaces", "r2", "box"].map((copy) => `${copy} opens with password-2`),
      ...["host: credentials-check", "remembered 1"],
      ...["stage alone", "up: made", "up: handed over", "up: deleted"],
      ...["spaces opens with nothing else", "box opens with nothing else"],
      ...["tried key-1 at spaces", "tried key-1 at r2", "host: retired-keys", "host: retired-keys --remove"],
      ...["forgotten", "stage over"],
    ]);
    expect(kept).toEqual(["repository shop/media in r2 until 2026-12-24"]);
    expect([world.credentials, world.made, world.has, world.retired]).toEqual([
      { shop: { generation: 2 } },
      [2],
      2,
      undefined,
    ]);
    const { record } = await told.finish("done");
    expect(record.ok).toBe(true);
    expect(record.checks.map(({ name, actual }) => `${name}: ${actual}`)).toEqual([
      "new: media in r2: written, read, removed",
      "old password: shop/media in spaces: refused",
      "old password: shop/media in box: refused",
      "old key: spaces: refused",
      "old key: r2: refused",
      "old key: box in box: refused",
    ]);
    expect(JSON.stringify(record)).not.toMatch(/password-\d|key-\d/);
  });

  it("cut off at any step and run again ends the same, and the host always has what works", async () => {
    const whole = new World();
    await rotate(whole.request(), evidence());
    for (let steps = 0; steps < whole.done.length; steps++) {
      const world = new World();
      world.left = steps;
      await expect(rotate(world.request(), evidence())).rejects.toThrow("the laptop is gone");
      world.left = Infinity;
      await rotate(world.request(), evidence());
      world.assertWorks();
      // After the last step but its own record, it is over: the next one is a new rotation.
      const over = world.credentials!["shop"]!.generation;
      expect([2, 3], `after ${steps} steps`).toContain(over);
      expect([world.made, world.has, world.retired]).toEqual([[over], over, undefined]);
      expect(world.repositories["box"]).toEqual([`password-${over}`]);
    }
  });

  it("is not over while an old key is let in, and names it", async () => {
    const world = new World();
    world.stubborn = true;
    await expect(rotate(world.request(), evidence())).rejects.toThrow(
      "old credentials still open box in box: run this again; if they do then, remove them by hand",
    );
    expect(world.credentials).toEqual({ shop: { generation: 2, stage: "alone" } });
    expect(world.ownKeys).toEqual(["box"]);
    world.stubborn = false;
    await rotate(world.request(), evidence());
    expect(world.credentials).toEqual({ shop: { generation: 2 } });
  });

  it("counts on from the last one", async () => {
    const world = new World();
    await rotate(world.request(), evidence());
    world.locked = false;
    await rotate(world.request(), evidence());
    expect([world.credentials, world.has]).toEqual([{ shop: { generation: 3 } }, 3]);
    expect(world.repositories["r2"]).toEqual(["password-3"]);
  });

  it("with --finish begins nothing, and removes what a lock kept", async () => {
    const world = new World();
    await rotate(world.request(), evidence());
    world.locked = false;
    world.done.length = 0;
    const told = evidence();
    expect(await rotate(world.request(true), told)).toEqual([]);
    expect(world.done).toEqual(["spaces", "r2", "box"].map((copy) => `${copy} opens with nothing else`));
    expect(world.repositories["r2"]).toEqual(["password-2"]);
    expect((await told.finish("done")).record.ok).toBe(true);
  });

  it("with --finish goes on with one that was cut off", async () => {
    const world = new World();
    world.left = 6;
    await expect(rotate(world.request(), evidence())).rejects.toThrow("the laptop is gone");
    world.left = Infinity;
    await rotate(world.request(true), evidence());
    expect(world.credentials).toEqual({ shop: { generation: 2 } });
  });
});

describe("what is for people", () => {
  const known = { host: "shop", databasePasswords: ["shop/orders", "web/x"], alertSecrets: ["webhook"] };

  it("is what the program did not make, by name", () => {
    const tasks = forPeople({ ...known, settings: new World().settings(), deployKey: undefined }).join("\n");
    expect(tasks).toContain(`granary:databasePasswords["shop/orders"]`);
    expect(tasks).not.toContain("web/x");
    expect(tasks).toContain("new secrets for alerts (webhook)");
    expect(tasks).toContain("media under a new name");
    expect(tasks).not.toContain("deploy key");
  });

  it("is the new deploy key at the Git remote, where there is one", () => {
    const code = { kind: "source", path: "/opt/app", remote: "git@github.com:example/shop.git" };
    const settings = parseSettings({ ...example(), hosts: { shop: { ...example().hosts.shop, jobs: { code } } } });
    const tasks = forPeople({ ...known, settings, deployKey: "ssh-ed25519 NEW\n" });
    expect(tasks).toContain(
      "at git@github.com:example/shop.git: deploy key ssh-ed25519 NEW added, the old one removed",
    );
  });
});

it.each([
  [[], /name one host/],
  [["shop", "web"], /name one host/],
  [["shop", "--stack", "a b"], /bad stack name/],
])("granary rotate refuses %j", async (args, message) => {
  const { code, err } = await granaryIn(directory, "rotate", ...args);
  expect([code, err]).toEqual([64, expect.stringMatching(message)]);
});
