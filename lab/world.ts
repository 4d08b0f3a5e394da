import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startClouds, type Clouds } from "./clouds/index.js";
import { domain, network, runDir, tool } from "./config.js";
import { startDns } from "./dns.js";
import type { ConfigValue } from "./engine.js";
import { createBoxSnapshot, deleteBoxSnapshot, rollBackBox, showBoxSnapshots } from "./hosts/box-snapshots.js";
import { createBox, createSubaccount, deleteBox, deleteSubaccount, setSubaccountPassword } from "./hosts/boxes.js";
import { destroyAllMachines } from "./hosts/machines.js";
import { createServer, deleteServer, isolateServer, serverReady } from "./hosts/servers.js";
import { MARIADB_JOB, publishMariadb } from "./images/mariadb.js";
import { publishPostgres } from "./images/postgres.js";
import { publishCaddy, publishShop } from "./images/web.js";
import { startRegistry } from "./registry.js";
import { APP, CUSTOMER, DOMAIN } from "./shop/app.js";
import { makeCertificate, type Certificate } from "./shop/certificate.js";

const run = promisify(execFile);

/** What the owner of the shop has on the laptop, made anew for each lab. */
export interface Laptop {
  /** SSH private key's file; its public half is `<file>.pub`. */
  sshKey: string;
  /** File with the age identity that decrypts backups, and its recipient. */
  identity: string;
  recipient: string;
}

/** A running lab. */
export interface World {
  clouds: Clouds;
  laptop: Laptop;
  /** Public host key of the lab's storage boxes. */
  boxHostKey: string;
  /** Pullable names of the shop's images, by service of lab/shop/compose.yaml. */
  images: Record<"database" | "blog" | "web" | "caddy", string>;
  certificate: Certificate;
  secrets: Secrets;
  close(): Promise<void>;
}

interface Secrets {
  token: string;
  spaces: { accessId: string; secretKey: string };
}

/** What the shop's database asks for, told to the program as the owner would tell it. */
export const DATABASE_PASSWORD = "database-password-that-must-not-be-seen";

/** The Cloudflare account of the lab. */
export const ACCOUNT = "a".repeat(32);

/** Starts everything but the shop's own servers: name service, registry, clouds. Needs the lab's namespace. */
export async function startWorld(log: (line: string) => void): Promise<World> {
  const secrets = {
    token: randomBytes(24).toString("hex"),
    spaces: { accessId: `SPACES${randomBytes(7).toString("hex")}`, secretKey: randomBytes(20).toString("hex") },
  };
  const laptop = await makeLaptop();
  const boxKey = join(runDir(), "box-host-key");
  await makeKey(boxKey);
  const dns = await startDns();
  const registry = await startRegistry();
  const clouds = await startClouds({
    listen: { host: network.gateway, port: 80 },
    domain,
    minio: tool("minio"),
    s3admin: tool("s3admin"),
    dataDir: join(runDir(), "clouds"),
    hooks: {
      createServer,
      serverReady,
      deleteServer,
      isolateServer,
      createBox: (box) => createBox({ privateKeyFile: boxKey }, box),
      deleteBox,
      createSubaccount,
      deleteSubaccount,
      setSubaccountPassword,
      createBoxSnapshot,
      deleteBoxSnapshot,
      rollBackBox,
      showBoxSnapshots,
    },
    log,
    ...secrets,
    cloudflare: { accountId: ACCOUNT, zones: [DOMAIN] },
  });
  const images = {
    database: await publishPostgres(),
    blog: await publishMariadb(),
    web: await publishShop(),
    caddy: await publishCaddy(),
  };
  return {
    clouds,
    laptop,
    boxHostKey: (await readFile(`${boxKey}.pub`, "utf8")).trim(),
    images,
    certificate: await makeCertificate(DOMAIN),
    secrets,
    close: async () => {
      await destroyAllMachines();
      await clouds.close();
      registry.kill();
      dns.kill();
    },
  };
}

async function makeLaptop(): Promise<Laptop> {
  const sshKey = join(runDir(), "laptop-ssh-key");
  const identity = join(runDir(), "owner-identity.txt");
  await makeKey(sshKey);
  await run("age-keygen", ["-o", identity]);
  const { stdout } = await run("age-keygen", ["-y", identity]);
  return { sshKey, identity, recipient: stdout.trim() };
}

async function makeKey(file: string): Promise<void> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** No timer goes off by itself while a lab is up: what it would do is told by the story, at whatever time of day. */
const LATER = `${String((new Date().getUTCHours() + 8) % 24).padStart(2, "0")}:00`;

const JOBS = {
  orders: {
    ...{ kind: "postgres", container: "postgres_container", database: "mydb", continuous: true },
    ...{ schedule: LATER, baseSchedule: `${WEEKDAYS[(new Date().getUTCDay() + 3) % 7]} 02:00` },
  },
  accounts: { kind: "postgres", container: "postgres_container", database: "postgres", schedule: LATER },
  media: { kind: "files", paths: ["/opt/uploads"], schedule: LATER },
  configs: { kind: "configs", paths: ["/opt/configs", "/etc/caddy"], schedule: LATER },
  logs: { kind: "logs", paths: ["/var/log/caddy"], schedule: LATER },
  code: { kind: "source", path: "/opt/app", schedule: LATER },
  blog: { ...MARIADB_JOB, schedule: LATER },
  sessions: { kind: "cache", container: "redis" },
};

/** The setting `hosts`: one server that the program makes, with all jobs but those named. */
export function hosts(without: (keyof typeof JOBS)[] = []): object {
  const jobs = Object.fromEntries(Object.entries(JOBS).filter(([name]) => !(without as string[]).includes(name)));
  return { shop: { server: { type: "cx23", location: "nbg1" }, jobs, app: APP } };
}

/** The stack's configuration: a shop as in Pulumi.prod.yaml, with the lab's endpoints. */
export async function stackConfig(world: World): Promise<Record<string, ConfigValue>> {
  const { token, spaces } = world.secrets;
  const publicKey = (await readFile(`${world.laptop.sshKey}.pub`, "utf8")).trim();
  const secret = (value: unknown): ConfigValue => ({ value, secret: true });
  const plain = (value: unknown): ConfigValue => ({ value });
  return {
    "granary:encryption": plain({ recipients: [world.laptop.recipient] }),
    "granary:ssh": plain({ publicKey }),
    "granary:copies": plain({
      spaces: {
        kind: "spaces",
        region: "fra1",
        bucket: "kolonell-backups",
        endpoint: world.clouds.url("fra1.spaces"),
        replica: { region: "ams3", endpoint: world.clouds.url("ams3.spaces"), schedule: LATER },
      },
      r2: { kind: "r2", accountId: ACCOUNT, bucket: "kolonell-archive", endpoint: world.clouds.url(`${ACCOUNT}.r2`) },
      box: { kind: "storageBox", hostKey: world.boxHostKey },
    }),
    "granary:hosts": plain(hosts()),
    "granary:uploads": plain({
      images: {
        kind: "spaces",
        region: "fra1",
        bucket: "kolonell-images",
        endpoint: world.clouds.url("fra1.spaces"),
        replica: {
          kind: "r2",
          accountId: ACCOUNT,
          bucket: "kolonell-images-copy",
          schedule: LATER,
          endpoint: world.clouds.url(`${ACCOUNT}.r2`),
        },
      },
    }),
    "granary:drill": plain({ images: { orders: world.images.database, blog: world.images.blog } }),
    "granary:sshPrivateKey": secret(await readFile(world.laptop.sshKey, "utf8")),
    "granary:databasePasswords": secret({ "shop/orders": DATABASE_PASSWORD, "shop/blog": DATABASE_PASSWORD }),
    "granary:smokeSecrets": secret({ password: CUSTOMER.password }),
    "hcloud:token": secret(token),
    "hcloud:endpoint": plain(`${world.clouds.url("api.hetzner")}/v1`),
    "hcloud:endpointHetzner": plain(`${world.clouds.url("api.hetzner")}/v1`),
    "hcloud:pollInterval": plain("200ms"),
    "digitalocean:token": secret(token),
    "digitalocean:apiEndpoint": plain(world.clouds.url("api.digitalocean")),
    "digitalocean:spacesEndpoint": plain(world.clouds.url("{{.Region}}.spaces")),
    "digitalocean:spacesAccessId": secret(spaces.accessId),
    "digitalocean:spacesSecretKey": secret(spaces.secretKey),
    "cloudflare:apiToken": secret(token),
    "cloudflare:baseUrl": plain(`${world.clouds.url("api.cloudflare")}/client/v4`),
  };
}
