/** A recovery kit as somebody has it on paper, and its commands typed into a machine that has nothing of Granary. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { kitPage } from "../../cli/kit/page.js";
import { NO_STACK, type StackFacts } from "../../cli/kit/facts.js";
import { jobEnv, type CopyAccess } from "../../plan/job-env.js";
import { parseSettings } from "../../settings/parse.js";
import type { Settings } from "../../settings/schema.js";
import { ACCOUNT, example } from "../settings/example.js";

export const ACCESS = { kind: "s3", accessKeyId: "ACCESSKEY1", secretAccessKey: "PLANTED-S3-SECRET" } as const;

/** Settings with one copy, a bucket at R2 whose endpoint is the test's, and one host with these jobs. */
export function settingsWith(endpoint: string, recipient: string, jobs: object): Settings {
  const copies = { r2: { kind: "r2", accountId: ACCOUNT, bucket: "archive", endpoint } };
  const host = { ...example().hosts.shop, jobs };
  return parseSettings({ ...example(), encryption: { recipients: [recipient] }, copies, hosts: { shop: host } });
}

/** The job's settings on the host, as the program writes them. */
export function envOf(settings: Settings, job: string, access: Record<string, CopyAccess>): Record<string, string> {
  const secrets =
    settings.hosts["shop"]?.jobs[job]?.kind === "files" ? { repositoryPassword: "PLANTED-REPOSITORY" } : {};
  const text = jobEnv({ settings, host: "shop", job, machine: "1", access, ...secrets });
  return Object.fromEntries(
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** The page, and the commands under each heading as a reader sees them. */
export class Page {
  readonly html: string;
  private readonly blocks: [title: string, code: string][];

  constructor(settings: Settings, state: StackFacts = NO_STACK) {
    const code = { version: "0.1.0", node: "v20.19.0", pulumi: "v3.250.0", commit: "0".repeat(40), remote: undefined };
    this.html = kitPage({ stack: "prod", settings, state, code, contacts: [], now: new Date("2026-11-25T00:00:00Z") });
    const found = this.html.matchAll(/<h3>([^<]*)<\/h3>[^]*?<pre><code>([^<]*)<\/code><\/pre>/g);
    this.blocks = [...found].map(([, title = "", code = ""]) => [seen(title), seen(code)]);
  }

  get titles(): string[] {
    return this.blocks.map(([title]) => title);
  }

  /** The commands under these headings, one after the other: a heading is named by how it begins. */
  commands(...titles: string[]): string {
    return titles
      .map((title) => {
        const found = this.blocks.filter(([heading]) => heading.startsWith(title));
        if (found.length !== 1) throw new Error(`${String(found.length)} headings begin with "${title}"`);
        return found[0]![1];
      })
      .join("\n");
  }
}

const seen = (html: string): string =>
  html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

/** Types commands into a shell, with the answers to what they ask; any that fails ends it. */
export async function typed(
  commands: string,
  answers: string[],
  env: Record<string, string>,
  as: string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  const [program = "", ...args] = [...as, "bash", "--norc", "-Eeuo", "pipefail", "-c", commands];
  const running = promisify(execFile)(program, args, { env, cwd: env["HOME"], maxBuffer: 1 << 24 });
  running.child.stdin?.on("error", () => undefined);
  running.child.stdin?.end(answers.map((answer) => `${answer}\n`).join(""));
  return running;
}
