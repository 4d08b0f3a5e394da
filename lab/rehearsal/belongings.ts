/** What a shop owns beside its database: uploads, configuration, logs and code, on the lab's server. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../config.js";
import { APP_PASSWORD, SESSION_KEY } from "../shop/app.js";
import type { Check } from "../shop/content.js";
import { DATABASE_PASSWORD, type World } from "../world.js";
import { granary } from "./laptop.js";
import type { ShopServer } from "./shop-server.js";

/** Uploads of the demo shop; small, as pictures of products are. */
const UPLOADS = 2000;

/** In a configuration file: it must be found nowhere but there and in what a restore brings back. */
export const CONFIG_SECRET = "payment-key-that-must-not-be-seen";

/** Where each job's data is, as the stack's settings have it. */
export const BELONGINGS = {
  media: ["/opt/uploads"],
  configs: ["/opt/configs", "/etc/caddy"],
  logs: ["/var/log/caddy"],
  code: ["/opt/app"],
} as const;

export type Belonging = keyof typeof BELONGINGS;

/** Names with blanks, accents and other scripts; links, modes and owners that a restore must bring back. */
const FURNISH = `
install -d -m 0755 /opt/uploads/products "/opt/uploads/été 2026" /etc/caddy /var/log/caddy
install -d -m 0700 /opt/configs
for ((i = 0; i < ${UPLOADS}; i++)); do head -c $((1000 + i * 7 % 9000)) /dev/urandom >/opt/uploads/products/$i.jpg; done
for ((i = 1; i <= 12; i++)); do
  printf '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="hsl(%d 45%% 70%%)"/><circle cx="2" cy="1.5" r="1" fill="#fff8"/></svg>\\n' $((i * 30)) >/opt/uploads/products/$i.svg
done
echo invoice >"/opt/uploads/été 2026/facture ünïcode ደብዳቤ.pdf"
ln -s ../products/1.jpg "/opt/uploads/été 2026/cover"
chown -R 1000:1000 /opt/uploads/products && chmod 0640 /opt/uploads/products/2.jpg
for ((i = 0; i < 500; i++)); do echo "{\\"status\\":200,\\"n\\":$i}"; done >/var/log/caddy/access.log
`;

/** The shop's code, on a branch, with the compose file it is started by. */
const CODE = `
git init -q -b main /opt/app && cd /opt/app && git config user.name Shop && git config user.email shop@shop.example
cat >.env && mv /tmp/compose.yaml . && echo one >index.html && git add . && git commit -qm one && git tag v1
git checkout -q -b feature && echo two >index.html && git commit -qam two
`;

/** Fills the server with what the shop owns. */
export async function furnish(server: ShopServer, { images, certificate }: World): Promise<void> {
  await server.run(`set -e\n${FURNISH}`);
  const file = (name: string): Promise<string> => readFile(join(repository, "lab/shop", name), "utf8");
  const files: [string, string, string][] = [
    ["/opt/configs/app.env", "0600", `PAYMENT_KEY=${CONFIG_SECRET}\n`],
    ["/opt/configs/web.env", "0600", `PGPASSWORD=${APP_PASSWORD}\nSESSION_KEY=${SESSION_KEY}\n`],
    // The servers in the containers read it as users of their own; the directory is root's alone.
    ["/opt/configs/database-password", "0644", `${DATABASE_PASSWORD}\n`],
    ["/etc/caddy/Caddyfile", "0644", await file("Caddyfile")],
    ["/etc/caddy/shop.crt", "0644", certificate.certificate],
    ["/etc/caddy/shop.key", "0600", certificate.key],
    ["/tmp/compose.yaml", "0644", await file("compose.yaml")],
  ];
  for (const [path, mode, text] of files) await server.run(`install -m ${mode} /dev/stdin ${path}`, text);
  const names = Object.entries(images).map(([name, image]) => `${name.toUpperCase()}_IMAGE=${image}\n`);
  await server.run(`set -e\n${CODE}`, names.join(""));
}

/** Types, modes, owners, sizes, targets, names and contents of everything below some paths, as one hash. Of code: its refs. */
async function fingerprintOf(server: ShopServer, job: Belonging, root: string): Promise<string> {
  const places = BELONGINGS[job].map((path) => `'${root}${path}'`);
  const list = `find . -mindepth 1 -printf '%y %m %U:%G %l %P\\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum`;
  const refs = "git for-each-ref --format='%(refname) %(objectname)'; git status --porcelain --branch; cat index.html";
  const command =
    job === "code"
      ? `cd ${root === "" ? "/opt/app" : root} && ${refs}`
      : places.map((at) => `(cd ${at} && ${list})`).join(" && ");
  return createHash("sha256")
    .update(await server.run(`set -e; ${command}`))
    .digest("hex");
}

/** A fingerprint for each belonging, as it is now. */
export async function fingerprints(server: ShopServer): Promise<Record<Belonging, string>> {
  const jobs = Object.keys(BELONGINGS) as Belonging[];
  const found: [Belonging, string][] = [];
  for (const job of jobs) found.push([job, await fingerprintOf(server, job, "")]);
  return Object.fromEntries(found) as Record<Belonging, string>;
}

/** Runs the timers' own services, one after the other. */
export async function backUpBelongings(server: ShopServer): Promise<void> {
  for (const job of Object.keys(BELONGINGS)) {
    const service = `granary@${job}.service`;
    await server.run(`systemctl start ${service} || { journalctl -u ${service} -n 40 -o cat >&2; exit 1; }`);
  }
}

/** What came back to where it was, against what was there. Of the logs a later line may be there by now. */
export async function compareInPlace(server: ShopServer, expected: Record<Belonging, string>): Promise<Check[]> {
  const checks: Check[] = [];
  for (const job of ["media", "configs", "code"] as const) {
    const actual = await fingerprintOf(server, job, "");
    checks.push({
      name: `${job} in its place, by content`,
      ok: actual === expected[job],
      expected: expected[job],
      actual,
    });
  }
  return checks;
}

/** `granary restore` of each into a directory of its own, as the owner types it; then compared with what was there. */
export async function restoreBelongings(
  world: World,
  server: ShopServer,
  copy: string,
  expected: Record<Belonging, string>,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const job of Object.keys(BELONGINGS) as Belonging[]) {
    const into = `/opt/restored/${job}`;
    await server.run("install -d /opt/restored");
    await granary(world, "restore", "shop", job, "--copy", copy, "--into", into);
    const actual = await fingerprintOf(server, job, into);
    checks.push({
      name: `${job} restored from ${copy}, by content`,
      ok: actual === expected[job],
      expected: expected[job],
      actual,
    });
  }
  return checks;
}
