/** A world in which a recovery goes well, and what happens in it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { Evidence } from "../../cli/evidence/evidence.js";
import type { Kind } from "../../cli/evidence/record.js";
import type { RecoverRequest } from "../../cli/recover/run.js";
import { remoteBy } from "../../cli/remote.js";
import { parseSettings } from "../../settings/parse.js";
import { example } from "../settings/example.js";

const HOST_KEY = "ssh-ed25519 AAAA";
export const OLD = { address: "203.0.113.10", hostKey: HOST_KEY, sshPort: 22 };
export const NEW = { address: "203.0.113.20", hostKey: HOST_KEY, sshPort: 22 };
const IDENTITY = "AGE-SECRET-KEY-1PLANTED\n";

/** What was done, in order, and what the stack's configuration was set to; begun anew for each test. */
export const done: string[] = [];
export const config: Record<string, string> = {};
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "granary-recover-"));
  done.length = 0;
  for (const key of Object.keys(config)) delete config[key];
});
afterEach(() => rmSync(directory, { recursive: true }));

export function settings(recovery?: object) {
  const raw = example();
  const jobs = {
    orders: { kind: "postgres", container: "db", database: "mydb", continuous: true },
    media: { kind: "files", paths: ["/opt/uploads"] },
    configs: { kind: "configs", paths: ["/opt/configs"] },
    code: { kind: "source", path: "/opt/app" },
    cache: { kind: "cache", container: "redis" },
  };
  const app = { domain: "shop.example", compose: "/opt/app/compose.yaml", smoke: [{ name: "home", page: "/" }] };
  const host = { server: {}, jobs, app };
  return parseSettings({
    ...{ ...raw, ssh: { publicKey: raw.hosts.shop.hostKey }, hosts: { shop: host } },
    ...(recovery === undefined ? {} : { recovery }),
  });
}

/** A world in which everything works, but for what is changed. */
export function world(
  change: Partial<RecoverRequest> = {},
  fails: (words: string) => boolean = () => false,
): RecoverRequest {
  let made = false;
  const remote = remoteBy((words, stdin) => {
    const line = words.join(" ");
    done.push(stdin === "" ? line : `${line} <identity`);
    if (fails(line)) return Promise.resolve({ code: 24, stdout: "", err: "event=error code=24 name=fetch-failed\n" });
    const result = { stamp: "20261123T030000Z", copy: "r2", tables: 3, compared: { files: 2 } };
    const images = [{ container: "web", image: "shop@sha256:1", digest: "sha256:1", running: true }];
    const said = words[1] === "images" ? images : result;
    return Promise.resolve({ code: 0, stdout: words[0] === "git" ? "c0ffee1\n" : JSON.stringify(said), err: "" });
  });
  const note = (what: string) => () => Promise.resolve(void done.push(what)) as never;
  return {
    ...{ settings: settings(), host: "shop", copy: "r2", at: undefined, identity: IDENTITY },
    engine: {
      refresh: note("refresh"),
      up: (() => {
        made = true;
        done.push(`up${config["granary:recovery"]?.includes('"sells":false') ? ", name held" : ""}`);
        return Promise.resolve();
      }) as never,
      setConfig: (key: string, value: { value: string }) => Promise.resolve(void (config[key] = value.value)),
      removeConfig: (key: string) => Promise.resolve(void delete config[key]),
    },
    output: () => Promise.resolve(made ? NEW : OLD),
    live: ({ address }) => Promise.resolve(address === NEW.address),
    remote: () => remote,
    smoke: ({ address }) => {
      done.push(`smoke ${address}`);
      return Promise.resolve({ ok: true, steps: [{ name: "home", ok: true, seconds: 0, found: "as expected" }] });
    },
    say: () => undefined,
    ...change,
  };
}

export const evidence = (kind: Kind = "recover") => new Evidence(kind, "shop", directory);

/** A file that was written, relative to the project's folder. */
export const written = (file: string): string => readFileSync(join(directory, file), "utf8");
