/** The page of `granary status`: how large it gets, and where it goes; the real rclone, and a store on loopback. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { PAGE_LIMIT, statusHtml } from "../../cli/status/html.js";
import type { Colour, HostStatus, Row, Status } from "../../plan/status.js";
import { ACCOUNT, example } from "../settings/example.js";
import { granaryIn } from "./granary.js";

const REASON = "overdue: the run of 2026-11-25 03:20 UTC left no good backup here, the last is of 2026-11-23 03:00 UTC";

const row = (job: string, copy: string, colour: Colour): Row => ({
  ...{ job, kind: "postgres", copy, colour, ageSeconds: 32_400, bytes: 1_234_567, logSeconds: 10 },
  findings: [{ what: "backup", colour, reason: REASON }],
});

const host = (name: string, colour: (copy: string) => Colour): HostStatus => {
  const jobs = ["orders", "media", "configs", "logs", "code"];
  const rows = jobs.flatMap((job) => ["spaces", "r2", "box"].map((copy) => row(job, copy, colour(copy))));
  const all = rows.some((it) => it.colour === "red") ? "red" : "green";
  return { host: name, colour: all, drill: { what: "drill", colour: "green", reason: "passed" }, rows };
};

const status = (hosts: HostStatus[]): Status => {
  const colour = hosts.some((it) => it.colour === "red") ? "red" : "green";
  return { ok: colour !== "red", colour, at: "2026-11-25T12:00:00.000Z", hosts };
};

const many = (colour: (i: number, copy: string) => Colour, count = 50) =>
  statusHtml(status(Array.from({ length: count }, (_, i) => host(`shop-${i}`, (copy) => colour(i, copy)))), "prod");

describe("the page", () => {
  it.each<[string, (i: number, copy: string) => Colour, RegExp]>([
    ["that are good", () => "green", /only what is not good is listed/],
    ["of which three have a bad copy", (i, copy) => (i % 17 === 3 && copy === "r2" ? "red" : "green"), /only what/],
    ["that are bad", () => "red", /a line for each host/],
  ])("of fifty hosts %s is small, names each, and says what is left out", (_, colour, said) => {
    const page = many(colour);
    expect(Buffer.byteLength(page)).toBeLessThanOrEqual(PAGE_LIMIT);
    expect(page).toMatch(said);
    expect(page.match(/<h2>shop-\d+: /g)).toHaveLength(50);
  });

  it("of fifty hosts with a few bad ones has them first, with every reason", () => {
    const page = many((i, copy) => (i === 40 && copy === "r2" ? "red" : "green"));
    expect(/<h2>(.*?): /.exec(page)?.[1]).toBe("shop-40");
    expect(page.match(/overdue: /g)).toHaveLength(5);
    expect(page).toContain("10 of 15 good");
  });

  it("of one host leaves nothing out", () => {
    const page = many(() => "green", 1);
    expect(page.match(/<td>orders<\/td>/g)).toHaveLength(3);
    expect(page).not.toContain("Too much");
  });

  it("of five hundred bad hosts is small as well", () => {
    expect(Buffer.byteLength(many(() => "red", 500))).toBeLessThanOrEqual(PAGE_LIMIT);
  });
});

describe("--publish", () => {
  let directory: string;
  let server: Server;
  let objects: Map<string, string>;
  let uploads: Record<string, unknown>[];
  /** What whoever has no key is answered. */
  let stranger: (key: string) => [number, string];

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const key = (request.url ?? "").replace(/\?.*/, "");
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (request.headers.authorization === undefined) {
        const [code, text] = stranger(key);
        return response.writeHead(code).end(text);
      }
      if (request.method === "PUT") {
        const { "content-type": type, "cache-control": cache } = request.headers;
        uploads.push({ type, cache });
        objects.set(key, body);
      }
      if (request.method === "DELETE") objects.delete(key);
      const found = objects.get(key);
      if (found === undefined) return response.writeHead(request.method === "DELETE" ? 204 : 404).end();
      const length = request.method === "HEAD" ? { "Content-Length": Buffer.byteLength(found) } : {};
      response.writeHead(200, { ...length, "Last-Modified": new Date().toUTCString(), ETag: '"x"' });
      response.end(request.method === "GET" ? found : undefined);
    });
  }

  function fake(name: string, script: string): void {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, name), 0o755);
  }

  function deploy(more: object): void {
    const config = Object.entries({ ...example(), ...more }).map(([key, value]) => [
      `granary:${key}`,
      value as unknown,
    ]);
    writeFileSync(join(directory, "Pulumi.prod.yaml"), stringify({ config: Object.fromEntries(config) as unknown }));
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "granary-"));
    vi.stubEnv("PATH", `${directory}:${process.env["PATH"]}`);
    objects = new Map();
    uploads = [];
    stranger = () => [403, "no"];
    server = createServer(answer);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    deploy({ statusPage: { kind: "r2", accountId: ACCOUNT, bucket: "kolonell-status", endpoint } });
    const statusPage = { kind: "s3", accessKeyId: "A", secretAccessKey: "PLANTED" };
    fake("pulumi", `echo '${JSON.stringify({ readers: {}, statusPage })}'`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  });

  const KEY = "/kolonell-status/status.html";

  it("writes the page, again and again; the code is that of what was found", async () => {
    for (let times = 0; times < 2; times++) {
      const { code, out, err } = await granaryIn(directory, "status", "--publish");
      expect([code, err]).toEqual([1, "published as status.html in kolonell-status\n"]);
      expect(out).toContain("something is RED");
      expect(out).not.toMatch(/http|PLANTED/);
    }
    expect([...objects.keys()]).toEqual([KEY]);
    expect(objects.get(KEY)).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(uploads.at(0)).toEqual({ type: "text/html; charset=utf-8", cache: "no-store" });
  });

  it("gives a link for as long as was asked, at the end", async () => {
    const { out } = await granaryIn(directory, "status", "--publish", "--link", "24h");
    const link = new URL(out.trim().split("\n").at(-1)!);
    expect(link.pathname).toBe(KEY);
    expect(link.searchParams.get("X-Amz-Expires")).toBe("86400");
    expect(link.href).not.toContain("PLANTED");
  });

  it.each<[string, (key: string) => [number, string], string]>([
    ["everybody could read", (key) => [200, objects.get(key) ?? ""], "was answered with 200"],
    ["goes elsewhere", () => [302, ""], "was answered with 302"],
  ])("takes away a page that %s", async (_, open, said) => {
    stranger = open;
    const { code, out, err } = await granaryIn(directory, "status", "--publish", "--link", "1h");
    expect([code, objects.size]).toEqual([1, 0]);
    expect(err).toContain(`the page without a key ${said}, and should be refused: it was removed`);
    expect(out).not.toContain("http");
  });

  it.each<[string, string[]]>([
    ["--link is to a page that is published", ["--link", "1h"]],
    ["what is printed would be no JSON", ["--publish", "--link", "1h", "--json"]],
    ['bad --link "200h": use hours from 1h to 168h', ["--publish", "--link", "200h"]],
    ['bad --link "7d"', ["--publish", "--link", "7d"]],
  ])("refuses: %s", async (said, args) => {
    const { code, err } = await granaryIn(directory, "status", ...args);
    expect([code, err]).toEqual([64, expect.stringContaining(said)]);
    expect(objects.size).toBe(0);
  });

  it("refuses when there is no place, and when there is no bucket yet", async () => {
    fake("pulumi", `echo '{"readers":{}}'`);
    expect((await granaryIn(directory, "status", "--publish")).err).toContain("run `pulumi up` first");
    deploy({});
    const { code, err } = await granaryIn(directory, "status", "--publish");
    expect([code, err]).toEqual([1, expect.stringContaining("the settings have no statusPage")]);
  });
});
