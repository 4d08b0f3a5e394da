import { describe, expect, it } from "vitest";
import { SettingsError } from "../../settings/errors.js";
import { parseSettings } from "../../settings/parse.js";
import { example } from "./example.js";

const STEPS = [
  {
    name: "log in",
    page: "/login",
    form: { password: "{{password}}" },
    contains: ["Hello"],
    save: { id: "id=(\\d+)" },
  },
  { name: "order", database: "orders", query: "SELECT 1", prints: "1" },
];

/** The example's host with an app, and with jobs that back it up. */
function withApp(app: unknown, jobs: object = { code: { kind: "source", path: "/opt/app" } }) {
  const raw = example();
  const shop = { ...raw.hosts.shop, jobs: { ...raw.hosts.shop.jobs, ...jobs }, app };
  return { ...raw, hosts: { shop } };
}

const parsed = (...args: Parameters<typeof withApp>) => parseSettings(withApp(...args)).hosts["shop"]!.app;

function problems(...args: Parameters<typeof withApp>): string[] {
  try {
    parseSettings(withApp(...args));
  } catch (error) {
    if (error instanceof SettingsError)
      return error.problems.map(({ path, value, message }) => `${path}: ${message} (got ${value})`);
    throw error;
  }
  return [];
}

describe("app", () => {
  it("needs a domain; there may be no steps", () => {
    expect(parsed({ domain: "shop.example" })).toEqual({ domain: "shop.example", smoke: [] });
  });

  it("takes steps of both sorts", () => {
    expect(parsed({ domain: "www.shop.example", smoke: STEPS })).toMatchObject({
      smoke: [{ ...STEPS[0], status: 200 }, STEPS[1]],
    });
  });

  it("takes a compose file that a job backs up, and a name that is kept", () => {
    const app = {
      domain: "www.shop.example",
      compose: "/opt/app/compose.yaml",
      dns: { zone: "shop.example" },
      smoke: STEPS,
    };
    expect(parsed(app)).toMatchObject({ compose: "/opt/app/compose.yaml", dns: { zone: "shop.example", ttl: 60 } });
    const configs = { configs: { kind: "configs", paths: ["/srv"] } };
    expect(parsed({ domain: "a.example", compose: "/srv/shop/compose.yaml" }, configs)?.compose).toBeDefined();
  });

  it.each<[string, unknown, string]>([
    [
      "a compose file that nothing backs up",
      { domain: "a.example", compose: "/srv/compose.yaml" },
      "app.compose: no job backs it up: add it to a job of kind configs or source",
    ],
    [
      "a name that would move to a shop nobody tried",
      { domain: "a.example", dns: { zone: "a.example" } },
      "app.dns: the name is moved to a new server only after a customer's steps worked there",
    ],
    [
      "a zone that the name is not in",
      { domain: "a.example", dns: { zone: "b.example" }, smoke: STEPS },
      "app.dns.zone: a.example is not in this zone",
    ],
    [
      "a name that is remembered too long",
      { domain: "a.example", dns: { zone: "a.example", ttl: 30 }, smoke: STEPS },
      "app.dns.ttl: use a whole number of seconds from 60 to 86400",
    ],
    ["no domain", {}, "app.domain: is missing: give the server's IP address or DNS name"],
    [
      "an unknown key",
      { domain: "a.example", url: "x" },
      "app.url: unknown setting; app has: domain, compose, dns, smoke",
    ],
    ["steps that are no list", { domain: "a.example", smoke: {} }, "app.smoke: give a list of steps"],
    ["a step of no sort", { domain: "a.example", smoke: [7] }, "app.smoke.0: give a step with a page as a map of"],
    [
      "a step without a name",
      { domain: "a.example", smoke: [{ page: "/" }] },
      "app.smoke.0.name: is missing: say in a few words",
    ],
    [
      "a page that is a URL",
      { domain: "a.example", smoke: [{ name: "a", page: "https://a/" }] },
      'app.smoke.0.page: use a path at the shop, e.g. "/login"',
    ],
    [
      "a form of numbers",
      { domain: "a.example", smoke: [{ name: "a", page: "/", form: { n: 1 } }] },
      "app.smoke.0.form.n: use text; write numbers in quotes (got 1)",
    ],
    [
      "a status that is none",
      { domain: "a.example", smoke: [{ name: "a", page: "/", status: 20 }] },
      "app.smoke.0.status: use a whole number of HTTP status from 100 to 599",
    ],
    [
      "a pattern that is none",
      { domain: "a.example", smoke: [{ name: "a", page: "/", save: { a: "(" } }] },
      "app.smoke.0.save.a: use a regular expression with one group",
    ],
    [
      "a pattern without a group",
      { domain: "a.example", smoke: [{ name: "a", page: "/", save: { a: "x" } }] },
      "app.smoke.0.save.a: use a regular expression with one group",
    ],
    [
      "a query of no job",
      { domain: "a.example", smoke: [{ name: "a", database: "stock", query: "SELECT 1", prints: "1" }] },
      'app.smoke.0.database: no database job of this host; there are: orders (got "stock")',
    ],
    [
      "a query without what it prints",
      { domain: "a.example", smoke: [{ name: "a", database: "orders", query: "SELECT 1" }] },
      "app.smoke.0.prints: is missing: use text",
    ],
  ])("refuses %s", (_, app, expected) => {
    const found = problems(app);
    expect(found.join("\n")).toContain(`hosts.shop.${expected}`);
  });

  it("says so when the host has no database to ask", () => {
    const raw = withApp({ domain: "a.example", smoke: [STEPS[1]] });
    const shop = { ...raw.hosts.shop, jobs: { code: { kind: "source", path: "/opt/app" } } };
    expect(() => parseSettings({ ...raw, hosts: { shop } })).toThrow("there are: none");
  });
});
