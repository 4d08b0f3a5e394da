import { spawn } from "node:child_process";
import type { Endpoint } from "./root-client.js";
import type { S3Policy } from "./users.js";

/** A change of users; the helper in lab/toolchain/s3admin carries it out. */
export type AdminCommand =
  { op: "put-user"; accessKey: string; secretKey: string; policy: S3Policy } | { op: "remove-user"; accessKey: string };

/** Runs commands on one server. Secrets go by standard input. Throws with the first failure's message. */
export async function administer(helper: string, endpoint: Endpoint, commands: AdminCommand[]): Promise<void> {
  if (commands.length === 0) return;
  const common = { endpoint: `127.0.0.1:${endpoint.port}`, root: endpoint.root, rootSecret: endpoint.rootSecret };
  const input = commands.map((command) => JSON.stringify({ ...common, ...command })).join("\n");
  const child = spawn(helper, [], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  child.stderr.on("data", (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
    child.stdin.end(input);
  });
  if (code !== 0) throw new Error(`s3admin failed: ${output.trim()}`);
}
