/** The real engine with the stand-ins: a workspace of its own, an inline program, a file backend. */
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { cacheDir } from "../../../lab/config.js";
import { installStandIns } from "../../../lab/plugins/install.js";
import { DOMAIN } from "./fake-s3.js";

/** Loaded into the plugins' processes: buckets are in the host name, and no resolver knows them. */
const RESOLVE_HERE = `const dns = require("node:dns");
const { lookup } = dns;
dns.lookup = (host, ...rest) => lookup(host.endsWith(".${DOMAIN}") ? "127.0.0.1" : host, ...rest);
`;

export interface Bench {
  stack: Stack;
  directory: string;
  /** The text of the stack's state file. */
  state(): Promise<string>;
  close(): Promise<void>;
}

/** Makes a stack `test` of project `plugins` for `program`. Fails if the toolchain has no engine. */
export async function bench(program: () => Promise<Record<string, unknown> | void>): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), "granary-plugins-"));
  const home = join(directory, "home");
  const backend = join(directory, "state");
  await mkdir(backend);
  await installStandIns(home);
  const resolver = join(directory, "resolve.cjs");
  await writeFile(resolver, RESOLVE_HERE);
  const envVars = {
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    NODE_OPTIONS: `--require ${resolver}`,
  };
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: "test", projectName: "plugins", program },
    { envVars, pulumiHome: home, pulumiCommand: await PulumiCommand.get({ root: cacheDir() }) },
  );
  return {
    stack,
    directory,
    async state() {
      const stacks = join(backend, ".pulumi", "stacks", "plugins");
      const [file] = (await readdir(stacks)).filter((name) => name === "test.json");
      if (file === undefined) throw new Error("the stack has no state file");
      return readFile(join(stacks, file), "utf8");
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
