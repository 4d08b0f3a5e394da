import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api, startLab, type TestLab } from "./lab.js";
import { box, refused } from "./requests.js";

let lab: TestLab;
let path: string;
let user: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-24T05:00:00Z") });
  lab = await startLab();
  const made = await call("POST", "/v1/storage_boxes", box);
  const { id, username } = made["storage_box"] as { id: number; username: string };
  [path, user] = [`/v1/storage_boxes/${id}`, `${id} ${username}`];
  lab.hooks.asked.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await lab.end();
});

type Body = Record<string, unknown>;
const call = async (method: string, to: string, body?: unknown) =>
  (await api(lab.clouds, "hetzner", method, to, body)).body as Body;
const plan = { max_snapshots: 2, minute: 0, hour: 5 };

/** Names and origins of the snapshots that the API knows. */
async function known(): Promise<[unknown, unknown][]> {
  const { snapshots } = (await call("GET", `${path}/snapshots`)) as { snapshots: Body[] };
  return snapshots.map((snapshot) => [snapshot["name"], snapshot["is_automatic"]]);
}

async function nextDay(): Promise<void> {
  vi.setSystemTime(Date.now() + 86_400_000);
  await lab.clouds.makeDailySnapshots();
}

test("the plan makes a snapshot a day and keeps its number; what was made by hand stays", async () => {
  await lab.clouds.makeDailySnapshots();
  expect(lab.hooks.asked).toEqual([]); // no plan yet
  await call("POST", `${path}/actions/enable_snapshot_plan`, plan);
  await call("POST", `${path}/snapshots`, { description: "before the move" });
  for (let day = 0; day < 3; day++) await nextDay();
  expect(await known()).toEqual([
    ["2026-11-24T05-00-00", false],
    ["2026-11-26T05-00-00", true],
    ["2026-11-27T05-00-00", true],
  ]);
  expect(lab.hooks.asked).toEqual([
    `createBoxSnapshot ${user} 2026-11-24T05-00-00`,
    `createBoxSnapshot ${user} 2026-11-25T05-00-00`,
    `createBoxSnapshot ${user} 2026-11-26T05-00-00`,
    `createBoxSnapshot ${user} 2026-11-27T05-00-00`,
    `deleteBoxSnapshot ${user} 2026-11-25T05-00-00`,
  ]);
});

test("a snapshot that the host could not make does not exist", async () => {
  lab.hooks.createBoxSnapshot = () => Promise.reject(new Error("disk full"));
  expect(await refused(lab, "hetzner", "POST", `${path}/snapshots`, {})).toEqual([500, "server_error", "disk full"]);
  expect(await known()).toEqual([]);
});

test("rolling back takes the newer snapshots with it", async () => {
  await call("POST", `${path}/actions/enable_snapshot_plan`, plan);
  await nextDay();
  await nextDay();
  lab.hooks.asked.length = 0;
  await call("POST", `${path}/actions/rollback_snapshot`, { snapshot: "2026-11-25T05-00-00" });
  expect(lab.hooks.asked).toEqual([
    `rollBackBox ${user} 2026-11-25T05-00-00`,
    `deleteBoxSnapshot ${user} 2026-11-26T05-00-00`,
  ]);
  expect(await known()).toEqual([["2026-11-25T05-00-00", true]]);
  const gone = await refused(lab, "hetzner", "POST", `${path}/actions/rollback_snapshot`, { snapshot: "2026" });
  expect(gone.slice(0, 2)).toEqual([404, "not_found"]);
});

test("snapshots are shown and hidden; no other door of a box changes", async () => {
  const settings = (body: Body) => call("POST", `${path}/actions/update_access_settings`, body);
  await settings({ zfs_enabled: true, ssh_enabled: true });
  await settings({ zfs_enabled: true });
  await settings({ zfs_enabled: false });
  expect(lab.hooks.asked).toEqual([`showBoxSnapshots ${user} true`, `showBoxSnapshots ${user} false`]);
  const access = `${path}/actions/update_access_settings`;
  expect((await refused(lab, "hetzner", "POST", access, { samba_enabled: true })).slice(0, 2)).toEqual([
    422,
    "invalid_input",
  ]);
});
