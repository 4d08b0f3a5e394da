/** A drill that should fail does: the shop. What is restored must also start, sell, and reach nobody. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Chosen } from "../../cli/drill/backups.js";
import { made, placeFiles, shopsContainers } from "../../cli/drill/containers.js";
import { adopt, type DatabaseServer } from "../../cli/drill/databases.js";
import { openShop } from "../../cli/drill/shop.js";
import { Evidence } from "../../cli/evidence/evidence.js";
import { remoteBy, type Remote } from "../../cli/remote.js";
import { runSmoke } from "../../cli/smoke/run.js";
import { parseSettings } from "../../settings/parse.js";
import { example } from "../settings/example.js";

const COMPOSE = "/opt/app/compose.yaml";
const app = {
  ...{ domain: "shop.example", compose: COMPOSE },
  smoke: [{ name: "a product", page: "/product/1", contains: ["Order now"] }],
};
const raw = example();
const host = parseSettings({
  ...raw,
  hosts: { shop: { ...raw.hosts.shop, app, jobs: { code: { kind: "source", path: "/opt/app" } } } },
}).hosts["shop"]!;

const directory = mkdtempSync(join(tmpdir(), "drill-shop-"));
let server: Server;
/** What the application that was started shows. */
let shown: string;
let evidence: Evidence;

beforeAll(async () => {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "ca.pem")];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example"];
  execFileSync("openssl", [...args, ...name, "-keyout", key, "-out", cert], { stdio: "ignore" });
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end(shown));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  shown = "A thing. Order now";
  evidence = new Evidence("drill", "shop", directory);
});

/** Commands the staging server was given. */
let done: string[];
afterEach(() => expect(done.length).toBeGreaterThan(0));

/** A staging server on which everything works, but for what an answer is given for. */
function staging(answers: Record<string, { code?: number; stdout?: string; err?: string }> = {}): Remote {
  done = [];
  return remoteBy((words, stdin) => {
    const line = [...words, stdin].join(" ");
    done.push(line);
    const [, answer] = Object.entries(answers).find(([part]) => line.includes(part)) ?? [];
    const images = [{ container: "web", image: "shop@sha256:1", digest: "sha256:1", running: true }];
    const said = line.includes("knock") ? "web 203.0.113.10/443 closed\n" : "[]";
    const stdout = line.startsWith("granary-app images") ? JSON.stringify(images) : said;
    return Promise.resolve({ code: 0, stdout, err: "", ...answer });
  });
}

const open = (remote: Remote): Promise<void> =>
  openShop(
    {
      ...{ remote, host, doors: [["203.0.113.10", 443]] },
      smoke: () =>
        runSmoke(host.app!.smoke, {
          ...{ domain: "shop.example", address: "127.0.0.1", port: (server.address() as AddressInfo).port },
          ...{ ca: readFileSync(join(directory, "ca.pem"), "utf8"), secrets: {}, sql: () => Promise.resolve("") },
        }),
    },
    evidence,
  );

/** Every check that failed, and what was found. */
const red = (): string[] =>
  evidence.record.checks.filter(({ ok }) => !ok).map(({ name, actual }) => `${name}: ${actual}`);

describe("the shop in a drill", () => {
  it("what is as it should be is green", async () => {
    await open(staging());
    expect(red()).toEqual([]);
    expect(evidence.record.checks.map(({ name }) => name)).toEqual([
      "container web runs",
      "no way out of container web",
      "customer: a product",
    ]);
    expect(evidence.record.versions).toEqual({ web: "shop@sha256:1 sha256:1" });
  });

  it("a wrong app image: another application answers", async () => {
    shown = "It works!";
    await open(staging());
    expect(red()).toEqual(['customer: a product: /product/1 does not have "Order now"']);
  });

  it("a wrong app image: it ends at once", async () => {
    const images = [{ container: "web", image: "shop@sha256:1", digest: "sha256:1", running: false }];
    await open(staging({ "granary-app images": { stdout: JSON.stringify(images) }, knock: { stdout: "" } }));
    expect(red()).toEqual(["container web runs: false", "no way out of container web: not tried: it does not run"]);
  });

  it("an app image that is nowhere any more; the name of the database's container is free again", async () => {
    const gone = { code: 41, err: "event=error code=41 name=app-failed message=manifest unknown\n" };
    const remote = staging({ "granary-app create": gone });
    expect(await shopsContainers(remote, COMPOSE, [], evidence)).toBeUndefined();
    expect(red()).toEqual([expect.stringMatching(/^the shop's containers are made: .*manifest unknown$/)]);
    expect(done.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "/usr/local/lib/granary/host/staging-network pull",
      "granary-app create",
      "/usr/local/lib/granary/host/staging-network close",
      "bash -Eeuo",
    ]);
    expect(done.at(-1)).toContain("docker rm -f -v");
  });

  it("a container that reaches a live host", async () => {
    await open(staging({ "knock 1 web 203.0.113.10/443": { stdout: "web 203.0.113.10/443 open\n" } }));
    expect(red()).toEqual(["no way out of container web: 203.0.113.10/443"]);
  });

  it("a shop that does not start", async () => {
    await open(staging({ "granary-app start": { code: 41, err: "event=error code=41 name=app-failed\n" } }));
    expect(red()).toEqual(["the shop starts: granary-app start ended with 41: event=error code=41 name=app-failed"]);
  });
});

describe("what came back goes where the compose file expects it", () => {
  const chosen = (job: string, settings: object): Chosen => ({ job, settings, stamp: "", backup: {} }) as never;
  it("but for what the way in hangs on", async () => {
    const configs = { kind: "configs", paths: ["/etc/caddy", "/etc/ssh/sshd_config", "/root", "/etc/sshd.d"] };
    const code = { kind: "source", path: "/opt/app" };
    const orders = { kind: "postgres", database: "mydb" };
    await placeFiles(staging(), [chosen("configs", configs), chosen("code", code), chosen("orders", orders)], evidence);
    expect(done.map((line) => line.trim().split(" ").slice(-3).join(" "))).toEqual([
      "place /opt/granary-drill/configs/etc/caddy /etc/caddy",
      "place /opt/granary-drill/configs/etc/sshd.d /etc/sshd.d",
      "place /opt/granary-drill/code /opt/app",
    ]);
    expect(evidence.record.steps.map(({ name }) => name)).toEqual([
      "/etc/ssh/sshd_config is not put in its place",
      "/root is not put in its place",
    ]);
  });

  it("a database is recovered into the volume of its own container, with its own image", async () => {
    const volume = { Source: "/var/lib/docker/volumes/shop-db/_data", Destination: "/var/lib/postgresql" };
    const secret = { Source: "/opt/configs/password", Destination: "/run/secrets/password" };
    const inspected = (env: string[], Mounts = [secret, volume]) =>
      made({ Name: "/db", Image: "sha256:1", Config: { Env: env }, Mounts });
    expect(inspected([])).toEqual({ image: "sha256:1", data: `${volume.Source}/data` });
    expect(inspected(["PGDATA=/var/lib/postgresql/15/main"]).data).toBe(`${volume.Source}/15/main`);
    expect(inspected(["PGDATA=/data"])).toEqual({ image: "sha256:1" });
    const servers = ["db", "other"].map((container) => ({ container, image: "postgres:15" }) as DatabaseServer);
    expect(adopt(servers, COMPOSE, new Map([["db", inspected([])]]))).toEqual([
      { container: "db", image: "sha256:1", data: `${volume.Source}/data`, compose: COMPOSE },
      { container: "other", image: "postgres:15" },
    ]);
    await staging().run(["true"]);
  });
});
