/** A backup comes back from the replica alone, by the command of docs/replication.md. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fileHost } from "./harness.js";

/** The first `sed` of the document. */
function documented(): string {
  const text = readFileSync(join(import.meta.dirname, "../../docs/replication.md"), "utf8");
  const found = /^sed -n .*$/m.exec(text)?.[0];
  if (found === undefined) throw new Error("docs/replication.md has lost the command");
  return found;
}

it("with the source gone, a job restores from what its replica has", async () => {
  const host = fileHost("configs", ["/opt/configs"]);
  try {
    mkdirSync(join(host.root, "opt/configs"), { recursive: true });
    writeFileSync(join(host.root, "opt/configs/app.env"), "TOKEN=kept");
    const local = (name: string, dir: string) => ({
      [`GRANARY_COPY_${name}_ROOT`]: join(host.root, dir),
      [`RCLONE_CONFIG_${name}_TYPE`]: "local",
    });
    host.writeEnv({ GRANARY_COPIES: "spaces", ...local("SPACES", "a") });
    const backup = await host.backup();
    expect(backup.code, backup.stderr).toBe(0);
    const replica = {
      ...host.env,
      ...{ GRANARY_JOB: "replica-spaces", GRANARY_KIND: "replica", GRANARY_COPIES: "spaces replica" },
      ...local("REPLICA", "b"),
      ...{ GRANARY_REPLICA_FROM: "spaces", GRANARY_REPLICA_TO: "replica", GRANARY_REPLICA_HOLDS: "backups" },
      ...{ GRANARY_REPLICA_MAX_LAG: "93600", GRANARY_REPLICA_RECORDS: "replication/spaces" },
      GRANARY_REPLICA_CHANGED: "files/.changed",
    };
    const file = join(host.root, "etc/granary/replica-spaces.env");
    const text = Object.entries(replica).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(file, text.join(""), { mode: 0o600 });
    const run = await host.run("granary-backup", ["replica-spaces"]);
    expect(run.code, run.stderr).toBe(0);
    rmSync(join(host.root, "a"), { recursive: true });
    rmSync(host.backups, { recursive: true });
    const lines = execFileSync("bash", ["-c", documented().replaceAll("/etc/granary", join(host.root, "etc/granary"))]);
    appendFileSync(join(host.root, "etc/granary/orders.env"), lines);
    const into = join(host.root, "restored");
    const restore = await host.restore(["--copy", "spaces", "--into", into]);
    expect(restore.code, restore.stderr).toBe(0);
    expect(readFileSync(join(into, "opt/configs/app.env"), "utf8")).toBe("TOKEN=kept");
  } finally {
    host.close();
  }
});
