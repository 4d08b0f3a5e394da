/** The stand-ins under the real engine send what the official plugins sent, and nothing secret gets into the state. */
import * as cloudflare from "@pulumi/cloudflare";
import * as command from "@pulumi/command";
import * as digitalocean from "@pulumi/digitalocean";
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bench, type Bench } from "./engine.js";
import { FakeS3 } from "./fake-s3.js";
import { byOwner, recorded, Recorder } from "./recorder.js";
import { Sshd } from "./sshd.js";

const ACCOUNT = "a".repeat(32);
const BOX_PASSWORD = "Aa1!aaaaaaaaaaaaaaaaaaaaaa";
const SUB_PASSWORD = "Bb1!aaaaaaaaaaaaaaaaaaaaaa";
const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyK0a5q3tVn5Xq9b5mUO8c5Yv0gYw8J1u7i3hJw7k2C a@b";

const recorder = new Recorder();
const s3 = new FakeS3();
const sshd = new Sshd();
/** Set for the stage "update": what the recording's program changed. */
let changed = false;
let lab: Bench;

function hetzner(): void {
  const key = new hcloud.SshKey("k", { name: "k", publicKey: PUBLIC_KEY, labels: { a: "b" } });
  new hcloud.PrimaryIp("ip", { name: "ip", type: "ipv4", location: "nbg1", autoDelete: false });
  const rules = [{ direction: "in", protocol: "tcp", port: "22", sourceIps: ["0.0.0.0/0", "::/0"] }];
  const firewall = new hcloud.Firewall("fw", { name: "fw", rules });
  const server = new hcloud.Server("staging", {
    name: "staging",
    serverType: "cx23",
    image: "debian-12",
    location: "nbg1",
    sshKeys: [key.id],
    userData: "#cloud-config\n",
    firewallIds: [firewall.id.apply(Number)],
    publicNets: [{ ipv4Enabled: true, ipv6Enabled: true }],
    labels: changed ? { role: "staging", v: "2" } : { role: "staging" },
  });
  new hcloud.Snapshot("forensic", { serverId: server.id.apply(Number), description: "forensic" });
  const box = new hcloud.StorageBox("backups", {
    name: "backups",
    storageBoxType: "bx11",
    location: "nbg1",
    password: BOX_PASSWORD,
    labels: { a: "b" },
    accessSettings: { reachableExternally: true, sshEnabled: true },
    snapshotPlan: { maxSnapshots: changed ? 9 : 10, hour: 5, minute: 0 },
    deleteProtection: true,
  });
  const storageBoxId = box.id.apply(Number);
  new hcloud.StorageBoxSubaccount("sub", {
    storageBoxId,
    homeDirectory: "shop",
    password: SUB_PASSWORD,
    description: changed ? "shop host" : "shop",
    accessSettings: { reachableExternally: true, sshEnabled: true },
  });
  new hcloud.StorageBoxSnapshot("before", { storageBoxId, description: "before" });
}

function spaces(): pulumi.Output<string> {
  new digitalocean.SpacesBucket("bucket", {
    name: "shop-backups-x1",
    region: "fra1",
    versioning: { enabled: true },
    lifecycleRules: [
      {
        id: "daily",
        prefix: "daily/",
        enabled: true,
        expiration: { days: 30 },
        noncurrentVersionExpiration: { days: 30 },
      },
      { id: "mp", enabled: true, abortIncompleteMultipartUploadDays: changed ? 8 : 7 },
    ],
  });
  const grants = [{ bucket: "shop-backups-x1", permission: "readwrite" }];
  return new digitalocean.SpacesKey("key", { name: changed ? "shop-2" : "shop", grants }).secretKey;
}

function r2(writeGroup: string): pulumi.Output<string> {
  const bucket = new cloudflare.R2Bucket("bucket", { accountId: ACCOUNT, name: "shop-archive", location: "weur" });
  const where = { accountId: ACCOUNT, bucketName: bucket.name };
  const age = (maxAge: number) => ({ type: "Age", maxAge });
  new cloudflare.R2BucketLifecycle("lifecycle", {
    ...where,
    rules: [
      {
        id: "daily",
        enabled: true,
        conditions: { prefix: "daily/" },
        deleteObjectsTransition: { condition: age(changed ? 2_764_800 : 2_678_400) },
      },
      {
        id: "monthly-ia",
        enabled: true,
        conditions: { prefix: "monthly/" },
        storageClassTransitions: [{ condition: age(86_400), storageClass: "InfrequentAccess" }],
      },
      {
        id: "mp",
        enabled: true,
        conditions: { prefix: "" },
        abortMultipartUploadsTransition: { condition: age(604_800) },
      },
    ],
  });
  const lock = { id: "daily", enabled: true, prefix: "daily/", condition: { type: "Age", maxAgeSeconds: 1_209_600 } };
  new cloudflare.R2BucketLock("lock", { ...where, rules: [lock] });
  const resources = JSON.stringify({ [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_shop-archive`]: "*" });
  return new cloudflare.AccountToken("token", {
    accountId: ACCOUNT,
    name: changed ? "shop-2" : "shop",
    policies: [{ effect: "allow", permissionGroups: [{ id: writeGroup }], resources }],
  }).value;
}

/** Not in the recording: what the command plugin does leaves its traces on the host. */
function host(): pulumi.Output<string> {
  const connection = {
    host: "127.0.0.1",
    port: sshd.port,
    user: sshd.user,
    privateKey: sshd.privateKey,
    hostKey: sshd.publicKey("host_ed25519"),
  };
  const remotePath = `${sshd.directory}/copied`;
  const copied = new command.remote.CopyToRemote("copy", {
    connection,
    source: new pulumi.asset.FileAsset(`${sshd.directory}/client.pub`),
    remotePath,
  });
  const args = {
    connection,
    create: `cat ${remotePath}; cat >&2; echo create >> ${sshd.directory}/log`,
    delete: `echo delete >> ${sshd.directory}/log`,
    stdin: pulumi.secret("planted-stdin"),
    triggers: [changed ? "b" : "a"],
  };
  const options = { dependsOn: copied, deleteBeforeReplace: true, additionalSecretOutputs: ["stderr"] };
  return new command.remote.Command("run", args, options).stdout;
}

async function program(): Promise<Record<string, unknown>> {
  const groups = await cloudflare.getAccountApiTokenPermissionGroupsList({ accountId: ACCOUNT });
  const zone = await cloudflare.getZone({ filter: { name: "shop.example" } });
  const write = groups.results.find(({ name }) => name.endsWith("Item Write"));
  if (!write) throw new Error("no group to write with");
  hetzner();
  const spacesSecret = spaces();
  const tokenValue = r2(write.id);
  new cloudflare.DnsRecord("www", {
    zoneId: zone.zoneId,
    name: "www.shop.example",
    type: "A",
    content: changed ? "203.0.113.10" : "203.0.113.9",
    ttl: 60,
    comment: "shop",
  });
  return { spacesSecret, tokenValue, copied: host() };
}

/** Runs one operation as the recording's stage of that name, and compares what was sent. */
async function stage(name: string, operation: () => Promise<unknown>): Promise<void> {
  recorder.begin(name);
  s3.seen = [];
  await operation();
  expect(byOwner(recorder.sent)).toEqual(byOwner(recorded(name)));
}

const calls = (): string[] => s3.seen.map(({ call }) => call);
const BUCKET = "shop-backups-x1.fra1.spaces.test";
const READ = [
  `HEAD ${BUCKET} /`,
  "GET fra1.spaces.test /shop-backups-x1?location=",
  `GET ${BUCKET} /?versioning=`,
  `GET ${BUCKET} /?lifecycle=`,
];

beforeAll(async () => {
  const api = await recorder.listen();
  const spacesEndpoint = await s3.listen();
  await sshd.reserve();
  await sshd.start();
  lab = await bench(program);
  const config = {
    "hcloud:endpoint": `${api}/v1`,
    "hcloud:endpointHetzner": `${api}/v1`,
    "hcloud:pollInterval": "10ms",
    "digitalocean:apiEndpoint": api,
    "digitalocean:spacesEndpoint": spacesEndpoint,
    "digitalocean:spacesAccessId": "AKIDTEST",
    "cloudflare:baseUrl": `${api}/client/v4`,
  };
  const secrets = {
    "hcloud:token": "planted-hcloud-token",
    "digitalocean:token": "planted-do-token",
    "digitalocean:spacesSecretKey": "planted-spaces-secret",
    "cloudflare:apiToken": "planted-cf-token",
  };
  for (const [key, value] of Object.entries(config)) await lab.stack.setConfig(key, { value });
  for (const [key, value] of Object.entries(secrets)) await lab.stack.setConfig(key, { value, secret: true });
}, 60_000);

afterAll(async () => {
  recorder.close();
  s3.close();
  sshd.stop();
  await lab.close();
});

describe("the stand-ins under the real engine", { timeout: 120_000 }, () => {
  it("creates with the recorded requests, and keeps secrets out of the state", async () => {
    await stage("up", () => lab.stack.up());
    expect(calls()).toEqual([
      `PUT ${BUCKET} /`,
      `HEAD ${BUCKET} /`,
      `PUT ${BUCKET} /?acl=`,
      `PUT ${BUCKET} /?versioning=`,
      `PUT ${BUCKET} /?lifecycle=`,
      ...READ,
    ]);
    const state = await lab.state();
    const planted = [BOX_PASSWORD, SUB_PASSWORD, "secret1022", "v".repeat(40), "planted-", "BEGIN OPENSSH"];
    expect(planted.filter((one) => state.includes(one))).toEqual([]);
    const outputs = await lab.stack.outputs();
    expect(outputs["copied"]).toEqual({ value: sshd.publicKey("client"), secret: false });
    expect(outputs["spacesSecret"]).toEqual({ value: "secret1022", secret: true });
    expect(outputs["tokenValue"]).toEqual({ value: "v".repeat(40), secret: true });
  });

  it("sees no change in a second preview", async () => {
    await stage("preview", async () => {
      const { changeSummary } = await lab.stack.preview({ expectNoChanges: true });
      expect(changeSummary).toEqual({ same: 18 });
    });
  });

  it("refreshes with the recorded requests, and sees no change afterwards", async () => {
    await stage("refresh", async () => {
      const { summary } = await lab.stack.refresh({ expectNoChanges: true });
      expect(summary.resourceChanges).toEqual({ same: 18 });
    });
    expect(calls()).toEqual(READ);
    await stage("preview2", async () => {
      const { changeSummary } = await lab.stack.preview({ expectNoChanges: true });
      expect(changeSummary).toEqual({ same: 18 });
    });
  });

  it("updates in place with the recorded requests", async () => {
    changed = true;
    await stage("update", async () => {
      const { summary } = await lab.stack.up();
      expect(summary.resourceChanges).toEqual({ update: 8, same: 9, replace: 1 });
    });
    expect(calls()).toEqual([`PUT ${BUCKET} /?lifecycle=`, ...READ]);
  });

  it("destroys with the recorded requests", async () => {
    await stage("destroy", () => lab.stack.destroy());
    expect(calls()).toEqual([`DELETE ${BUCKET} /`]);
    expect([...s3.buckets.keys()]).toEqual([]);
    expect(readFileSync(`${sshd.directory}/log`, "utf8")).toBe("create\ndelete\ncreate\ndelete\n");
  });
});
