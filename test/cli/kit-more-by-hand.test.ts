/** More of the recovery kit by hand: a MariaDB database, and a storage box reached with the password of its main account. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { NO_STACK } from "../../cli/kit/facts.js";
import { parseSettings } from "../../settings/parse.js";
import { freePort } from "../free-port.js";
import { path } from "../scripts/harness.js";
import { content, dropAll, MariaHost, MariaServer, SHOP, users } from "../scripts/mariadb.js";
import { S3Stub } from "../scripts/s3-stub.js";
import { until } from "../scripts/wal.js";
import { example } from "../settings/example.js";
import { ACCESS, envOf, Page, settingsWith, typed } from "./kit-page.js";

let home: string;
let env: Record<string, string>;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "granary-kit-"));
  env = { PATH: path, HOME: home, RCLONE_CONFIG: "/dev/null", LC_ALL: "C.UTF-8" };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it("brings a MariaDB database back, and its users", async () => {
  const server = await MariaServer.start();
  const s3 = new S3Stub("archive", ACCESS.accessKeyId);
  const host = new MariaHost(server);
  try {
    const settings = settingsWith(await s3.listen(), host.keys.recipient, {
      orders: { kind: "mariadb", database: "shop" },
    });
    server.sql(SHOP);
    host.env = envOf(settings, "orders", { r2: ACCESS });
    host.writeEnv();
    const { code, stderr } = await host.backup();
    expect(code, stderr).toBe(0);
    const saved = { content: content(server, "shop"), users: users(server) };
    dropAll(server);
    writeFileSync(join(home, "identity-owner.txt"), host.keys.identity, { mode: 0o600 });
    writeFileSync(join(home, ".my.cnf"), readFileSync(join(server.dir, "my.cnf")));
    const start = ["A place, and the identity", "A way in to copy r2", "Server shop, from copy r2"];
    const commands = new Page(settings).commands(...start, "orders: the MariaDB database shop");
    await typed(commands, [ACCESS.accessKeyId, ACCESS.secretAccessKey], env);
    expect({ content: content(server, "shop"), users: users(server) }).toEqual(saved);
  } finally {
    host.close();
    s3.close();
    server.close();
  }
});

it("reaches a storage box of the pinned host key, and no other", async () => {
  const password = "PLANTED 'box' password";
  const port = await freePort();
  for (const dir of ["box/shop/daily", "box/shop.files/files"]) mkdirSync(join(home, dir), { recursive: true });
  for (const name of ["host", "other"])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, name)]);
  const hostKey = (name: string) =>
    readFileSync(join(home, `${name}.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
  const serve = ["serve", "sftp", join(home, "box"), "--addr", `127.0.0.1:${port}`, "--key", join(home, "host")];
  const box: ChildProcess = spawn("rclone", [...serve, "--user", "u1", "--pass", password], { env, stdio: "ignore" });
  const state = { ...NO_STACK, boxes: { box: { server: "127.0.0.1", username: "u1" } } };
  const reach = (key: string) => {
    const copies = { box: { kind: "storageBox", hostKey: hostKey(key) } };
    const page = new Page(parseSettings({ ...example(), copies }), state);
    // A box answers on port 23, which a test may not have.
    const commands = page.commands("A way in to copy box", "Server shop, from copy box");
    expect(commands).toContain("PORT=23 ");
    const here = commands.replaceAll("]:23", `]:${port}`).replaceAll("PORT=23", `PORT=${port}`);
    return typed(`${here}\nrclone lsf "$ROOT"; rclone lsf "$REPOSITORIES"`, [password], env);
  };
  try {
    let last = "";
    await until(
      () =>
        reach("host").then(
          ({ stdout }) => (last = stdout) === "shop/\nshop.files/\ndaily/\nfiles/\n",
          (error: unknown) => void (last = JSON.stringify(error)),
        ),
      () => `the box is not reached: ${last}`,
      5,
    );
    await expect(reach("other")).rejects.toThrow(/key mismatch|host key/);
  } finally {
    box.kill("SIGKILL");
  }
});
