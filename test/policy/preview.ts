/** The whole program, previewed by the real engine with the stand-in plugins and the policy pack. No cloud but one answer. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { cacheDir, repository } from "../../lab/config.js";
import { installStandIns } from "../../lab/plugins/install.js";

/** Cloudflare's names of permissions: all that a preview asks of a cloud. */
const PERMISSIONS = ["Read", "Write"].map((right, i) => ({
  ...{ id: `${i}`.repeat(32), scopes: [] },
  name: `Workers R2 Storage Bucket Item ${right}`,
}));

/**
 * What `pulumi preview --policy-pack policy` says.
 * @param settings plain settings, without the prefix
 * @throws with what the engine said, when the pack refuses
 */
export async function previewed(program: () => unknown, settings: Record<string, unknown>): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "granary-policy-"));
  const body = JSON.stringify({ success: true, errors: [], result: PERMISSIONS });
  const cloud = createServer((_, response) => response.end(body));
  await new Promise<void>((done) => cloud.listen(0, "127.0.0.1", done));
  try {
    const home = join(work, "home");
    await installStandIns(home);
    await analyzer(home);
    await mkdir(join(work, "state"));
    const envVars = {
      ...{ PULUMI_HOME: home, PULUMI_BACKEND_URL: `file://${join(work, "state")}`, PULUMI_CONFIG_PASSPHRASE: "test" },
      ...{ PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
    };
    const stack = await LocalWorkspace.createOrSelectStack(
      {
        stackName: "test",
        projectName: "granary",
        program: () =>
          Promise.resolve()
            .then(program)
            .then(() => undefined),
      },
      { envVars, pulumiHome: home, pulumiCommand: await PulumiCommand.get({ root: cacheDir() }) },
    );
    const value = (it: unknown) => ({ value: typeof it === "string" ? it : JSON.stringify(it) });
    const plain = Object.entries(settings).map(([name, it]) => [`granary:${name}`, value(it)] as const);
    const token = { value: "token", secret: true };
    await stack.setAllConfig({
      ...Object.fromEntries(plain),
      ...{ "granary:sshPrivateKey": token, "hcloud:token": token, "digitalocean:token": token },
      ...{ "digitalocean:spacesAccessId": token, "digitalocean:spacesSecretKey": token, "cloudflare:apiToken": token },
      "cloudflare:baseUrl": { value: `http://127.0.0.1:${(cloud.address() as AddressInfo).port}` },
    });
    const { stdout } = await stack.preview({ policyPacks: [join(repository, "policy")], color: "never" });
    return stdout;
  } finally {
    cloud.close();
    await rm(work, { recursive: true, force: true });
  }
}

/** What Pulumi's own download has beside the engine: a script that runs a pack of Node. Here it is a plugin. */
async function analyzer(home: string): Promise<void> {
  const directory = join(home, "plugins", "analyzer-policy-nodejs-v1.0.0");
  const file = join(directory, "pulumi-analyzer-policy-nodejs");
  const run = join(repository, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${run}' "$@"\n`);
  await chmod(file, 0o755);
  await writeFile(`${directory}.lock`, "");
}
