import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, type TestLab, startLab } from "./lab.js";

/** One request that an official plugin made, and the answer it accepted. */
interface Recorded {
  plugin: string;
  stage: string;
  request: string;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  response?: unknown;
}

const recorded = readFileSync(new URL("wire.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

// Values that are made anew each time: only their type is compared.
const made =
  /\.(id|created(_at|_on)?|creation_date|modified_on|activated_on|issued_on|started|finished|ip|username|server|secret_key|access_key|value|latitude|longitude|included_traffic|system)$/;

// Where the clouds are right on purpose and the recorder had made it simple. Each pattern must occur, or it is out of date.
const simplified: [path: RegExp, why: string][] = [
  [/^actions\[0\]\.polls$/, "the recorder's own counter"],
  [
    /^action(s\[0\])?\.(status|progress|finished)$/,
    "the recorder answered running twice; the fake hosts are ready at once",
  ],
  [/^(server|storage_box)\.status$/, "initializing until the action is done"],
  [/^server\.public_net\.ipv[46]\.(id|dns_ptr)$/, "invented by the recorder"],
  [/^ssh_key\.fingerprint$/, "invented by the recorder; ours is what ssh-keygen -l -E md5 says (vendors.test.ts)"],
  [/^firewall\.applied_to$/, "the recorder did not note that a server uses it"],
  [/datacenter\.(description|server_types\.\w+)$/, "the recorder knew one server type"],
  [/server_types?(\[0\])?\.locations$/, "the recorder knew one location"],
  [
    /^image\.(name|rapid_deploy|created_from\.name)$/,
    "a snapshot has no name; the recorder answered the system image's",
  ],
  [/^snapshot\.name$/, "the time, with seconds"],
  [/^meta\.pagination\.per_page$/, "25 unless asked; the recorder answered 50"],
  [/^result_info\.(count|total_count)$/, "the recorder always answered 1"],
  [/^result(\[0\])?\.account\.name$/, "the lab's account has another name"],
  [/^result\.policies\[0\]\.id$/, "the recorder left it out of the answer to PUT"],
];

let lab: TestLab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.end());

test("every recorded request gets the recorded status and an answer of the recorded shape", async () => {
  const names = new Map<string, string>(); // recorded id, key or name -> ours
  const used = new Set<RegExp>();
  const differences: string[] = [];
  for (const [index, call] of recorded.entries()) {
    const [method = "", path = ""] = call.request.split(" ");
    const body = call.body === undefined ? undefined : translate(call.body, names);
    const ours = await api(
      lab.clouds,
      call.plugin === "hcloud" ? "hetzner" : call.plugin,
      method,
      translatePath(path, names),
      body,
      call.headers ?? {},
    );
    const where = `${index + 1} ${call.plugin} ${call.stage} ${call.request}`;
    if (ours.status !== call.status)
      differences.push(`${where}: status ${ours.status}, recorded ${call.status}: ${JSON.stringify(ours.body)}`);
    learn(call.response, ours.body, names);
    for (const { path: at, text } of compare(translate(call.response, names), ours.body, "")) {
      const known = simplified.find(([pattern]) => pattern.test(at));
      if (known) used.add(known[0]);
      else differences.push(`${where}: ${at} ${text}`);
    }
  }
  expect(differences).toEqual([]);
  expect(recorded.length).toBe(82);
  expect(simplified.filter(([pattern]) => !used.has(pattern)).map(([pattern]) => pattern.source)).toEqual([]);
  expect(lab.log.filter((line) => line.includes("event="))).toEqual([]);
});

test("the replay asked the hosts for just what it should have", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyK0a5q3tVn5Xq9b5mUO8c5Yv0gYw8J1u7i3hJw7k2C a@b";
  const asked = lab.hooks.asked.map((line) => line.replace(/ \d{4}-\d\d-\d\dT[\d-]+$/, " TIME"));
  expect(asked.map((line) => line.replace(/\b(u?)\d{4}\b/g, "$1N"))).toEqual([
    "createBox uN ssh=true",
    `createServer staging debian-12 ${key} "#cloud-config\\n"`,
    "createBoxSnapshot N uN TIME",
    "createSubaccount N uN-sub1 shop ro=false ssh=true",
    "deleteBoxSnapshot N uN TIME",
    "deleteServer N",
    "deleteSubaccount N uN-sub1",
    "deleteBox N",
  ]);
});

/** Notes what each recorded identity is called here; one-digit ids (locations) are no identities but counts elsewhere. */
function learn(theirs: unknown, ours: unknown, names: Map<string, string>): void {
  if (!isObject(theirs) || !isObject(ours)) return;
  for (const [key, value] of Object.entries(theirs)) {
    const own = ours[key];
    if (/^(id|access_key)$/.test(key) && isName(own) && isName(value) && `${value}`.length >= 4)
      names.set(`${value}`, `${own}`);
    learn(value, own, names);
  }
}

/** Identities inside a value: whole strings and numbers only. */
function translate(value: unknown, names: Map<string, string>): unknown {
  if (typeof value === "number") return Number(names.get(String(value)) ?? value);
  if (typeof value === "string") return names.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => translate(item, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, translate(item, names)]));
}

function translatePath(path: string, names: Map<string, string>): string {
  return path.replace(/[^/?&=]+/g, (part) => names.get(part) ?? part);
}

/** Where two answers differ: missing and additional keys, types, and values that are not made anew. */
function compare(theirs: unknown, ours: unknown, path: string): { path: string; text: string }[] {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    if (theirs.length !== ours.length) return [{ path, text: `has ${ours.length} items, recorded ${theirs.length}` }];
    return theirs.flatMap((item, i) => compare(item, ours[i], `${path}[${i}]`));
  }
  if (isObject(theirs) && isObject(ours)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
    return [...keys].flatMap((key) => compare(theirs[key], ours[key], path === "" ? key : `${path}.${key}`));
  }
  if (made.test(`.${path}`) ? kind(theirs) === kind(ours) : theirs === ours) return [];
  return [{ path, text: `is ${JSON.stringify(ours)}, recorded ${JSON.stringify(theirs)}` }];
}

function kind(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function isName(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
