/** A customer's steps against a shop over real HTTPS, and each way in which a shop does not sell. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runSmoke, type SmokeTarget } from "../../../cli/smoke/run.js";
import { smokeText } from "../../../cli/commands/smoke.js";
import type { PageStep, SmokeStep } from "../../../settings/schema.js";

const SECRET = "pass word'ü";
const directory = mkdtempSync(join(tmpdir(), "granary-smoke-"));
let server: Server;
let target: SmokeTarget;
/** Orders that the shop took. */
let orders: string[] = [];

beforeAll(async () => {
  const [key, ca] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  execFileSync(
    "openssl",
    [...args, "-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example", "-keyout", key, "-out", ca],
    { stdio: "ignore" },
  );
  server = createServer({ key: readFileSync(key), cert: readFileSync(ca) }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const known = (request.headers.cookie ?? "").includes("session=s1");
      const answer = (status: number, text: string, headers: Record<string, string | string[]> = {}): void =>
        void response.writeHead(status, headers).end(text);
      if (request.headers.host !== "shop.example") return answer(421, "which shop?");
      switch (`${request.method} ${request.url}`) {
        case "GET /login":
          return answer(200, `<input name="csrf" value="a&amp;b">`, { "set-cookie": "csrf=1; Path=/" });
        case "POST /login":
          if (form.get("csrf") !== "a&b" || form.get("password") !== SECRET)
            return answer(403, `no: ${form.get("password")}`);
          return answer(303, "", { location: "/account", "set-cookie": ["session=s1; HttpOnly", "csrf=; Max-Age=0"] });
        case "GET /account":
          return known ? answer(200, "Hello Awa") : answer(401, "log in");
        case "POST /order":
          if (!known) return answer(401, "log in");
          orders.push(String(form.get("product")));
          return answer(200, `order number <b>${orders.length}</b>`);
        case "GET /logout":
          return answer(200, "bye", { "set-cookie": "session=s1; Expires=Thu, 01 Jan 1970 00:00:00 GMT" });
        case "GET /away":
          return answer(302, "", { location: "https://elsewhere.example/" });
        case "GET /circle":
          return answer(302, "", { location: "/circle" });
        case "GET /hang":
          return;
        case "GET /endless":
          response.writeHead(200);
          return void response.end(Buffer.alloc(6_000_000, "x"));
        default:
          return answer(404, "not here");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  target = {
    ...{ domain: "shop.example", address: "127.0.0.1", port, ca: readFileSync(ca, "utf8"), timeoutSeconds: 1 },
    secrets: { password: SECRET },
    sql: (job, query) => Promise.resolve(`${job}|${query}\n`),
  };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

const page = (path: string, more: Partial<PageStep> = {}): PageStep => ({
  ...{ name: path, page: path, status: 200, contains: [], save: {} },
  ...more,
});
const LOGIN: SmokeStep[] = [
  page("/login", { save: { csrf: 'name="csrf" value="([^"]+)"' } }),
  page("/login", { name: "log in", form: { csrf: "{{csrf}}", password: "{{password}}" }, contains: ["Hello Awa"] }),
];

describe("runSmoke", () => {
  it("logs in with cookie and CSRF, orders, and finds the order in the database", async () => {
    orders = [];
    const steps: SmokeStep[] = [
      ...LOGIN,
      page("/order", { form: { product: "pagne" }, save: { number: "order number <b>(\\d+)</b>" } }),
      { name: "the order", database: "orders", query: "SELECT {{number}}", prints: "orders|SELECT 1" },
    ];
    const result = await runSmoke(steps, target);
    expect(result.steps.map(({ name, ok, found }) => [name, ok, found])).toEqual(
      ["/login", "log in", "/order", "the order"].map((name) => [name, true, "as expected"]),
    );
    expect([result.ok, orders]).toEqual([true, ["pagne"]]);
    expect(smokeText(result)).toMatch(/ {2}ok {6}log in\n[\s\S]*the shop sells\n$/);
  });

  it.each<[string, SmokeStep[], RegExp, Partial<SmokeTarget>?]>([
    ["a wrong status", [page("/gone")], /^\/gone answered 404, not 200$/],
    ["a text that is missing", [page("/login", { contains: ["Welcome"] })], /^\/login does not have "Welcome"$/],
    [
      "nothing to save",
      [page("/login", { save: { x: "id=(\\d+)" } })],
      /has nothing that fits id=\(\\d\+\), to be saved as x$/,
    ],
    [
      "a value nobody saved",
      [page("/order", { form: { a: "{{nobody}}" } })],
      /^there is no value \{\{nobody\}\}: save it/,
    ],
    ["no session", [page("/account")], /^\/account answered 401/],
    ["a session that was ended", [...LOGIN, page("/logout"), page("/account")], /^\/account answered 401/],
    ["a redirect away", [page("/away")], /redirects to https:\/\/elsewhere.example, away from the shop$/],
    ["a circle of redirects", [page("/circle")], /^\/circle redirects more than 5 times$/],
    ["no answer", [page("/hang")], /^\/hang: no answer within 1 s$/],
    ["an endless page", [page("/endless")], /is longer than 5000000 bytes$/],
    ["a certificate nobody vouches for", [page("/login")], /self-signed certificate/, { ca: "" }],
    ["a certificate of another shop", [page("/login")], /does not match certificate/, { domain: "other.example" }],
    ["a server that is not there", [page("/login")], /ECONNREFUSED/, { port: 1 }],
    [
      "a database that says something else",
      [{ name: "q", database: "orders", query: "SELECT 1", prints: "2" }],
      /^the database printed "orders\|SELECT 1", not "2"$/,
    ],
    [
      "a database that does not answer",
      [{ name: "q", database: "orders", query: "SELECT 1", prints: "2" }],
      /^it is down$/,
      { sql: () => Promise.reject(new Error("it is down")) },
    ],
  ])("tells of %s, and stops there", async (_, steps, found, change = {}) => {
    const { ca, ...rest } = { ...target, ...change };
    const { ok, steps: results } = await runSmoke([...steps, page("/login")], { ...rest, ...(ca ? { ca } : {}) });
    expect(ok).toBe(false);
    expect(results).toHaveLength(steps.length);
    expect(results.at(-1)).toMatchObject({ ok: false, found: expect.stringMatching(found) as string });
    expect(smokeText({ ok, steps: results })).toMatch(/FAILED[\s\S]*the shop does NOT sell\n$/);
  });

  it("never shows a secret, however it is spelt", async () => {
    const wrong = page("/login", { form: { csrf: "x", password: "{{password}}" } });
    const shown = await Promise.all([
      runSmoke([{ ...wrong, status: 403, contains: ["{{password}} is right"] }], target),
      runSmoke([page("/search?q={{password}}")], target),
      runSmoke([{ name: "q", database: "orders", query: "SELECT '{{password}}'", prints: "1" }], target),
    ]);
    const text = JSON.stringify(shown);
    expect(text).toContain("(secret)");
    for (const spelling of [SECRET, encodeURIComponent(SECRET), "pass word''ü"]) expect(text).not.toContain(spelling);
  });

  it("no steps are no success", async () => {
    expect(await runSmoke([], target)).toEqual({ ok: false, steps: [] });
  });
});
