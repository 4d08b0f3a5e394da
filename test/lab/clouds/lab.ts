import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { startClouds, type Clouds, type CloudsOptions, type HostHooks } from "../../../lab/clouds/index.js";

/** Where the lab's toolchain keeps what it built. */
export function toolchainDir(): string {
  return process.env["GRANARY_CACHE"] ?? join(homedir(), ".cache", "granary");
}

function binary(name: string): string {
  const path = join(toolchainDir(), "bin", name);
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm test, which builds it`);
  return path;
}

export const accountId = "a".repeat(32);
export const token = "lab-token";
export const rootKey = { accessKeyId: "LABROOT", secretAccessKey: "lab-root-secret" };

/** Hooks that note what they were asked and answer at once; a test replaces the ones it wants to hold back. */
export function fakeHooks(): HostHooks & { asked: string[] } {
  const asked: string[] = [];
  const note = (text: string) => Promise.resolve(void asked.push(text));
  return {
    asked,
    createServer: async (s) => {
      await note(`createServer ${s.name} ${s.image} ${s.sshKeys.join("|")} ${JSON.stringify(s.userData)}`);
      return { ipv4: "203.0.113.9" };
    },
    serverReady: () => Promise.resolve(),
    deleteServer: (id) => note(`deleteServer ${id}`),
    isolateServer: (id, isolated) => note(`isolateServer ${id} ${isolated}`),
    createBox: async (b) => {
      await note(`createBox ${b.username} ssh=${b.sshEnabled}`);
      return { server: `${b.username}.box.lab` };
    },
    deleteBox: (id) => note(`deleteBox ${id}`),
    createSubaccount: (a) =>
      note(`createSubaccount ${a.boxId} ${a.username} ${a.homeDirectory} ro=${a.readonly} ssh=${a.sshEnabled}`),
    setSubaccountPassword: (boxId, username) => note(`setSubaccountPassword ${boxId} ${username}`),
    deleteSubaccount: (boxId, username) => note(`deleteSubaccount ${boxId} ${username}`),
    createBoxSnapshot: (s) => note(`createBoxSnapshot ${s.boxId} ${s.username} ${s.name}`),
    deleteBoxSnapshot: (s) => note(`deleteBoxSnapshot ${s.boxId} ${s.username} ${s.name}`),
    rollBackBox: (s) => note(`rollBackBox ${s.boxId} ${s.username} ${s.name}`),
    showBoxSnapshots: (boxId, username, visible) => note(`showBoxSnapshots ${boxId} ${username} ${visible}`),
  };
}

export interface TestLab {
  clouds: Clouds;
  hooks: HostHooks & { asked: string[] };
  log: string[];
  options: CloudsOptions;
  /** Ends the clouds and removes their data. */
  end(): Promise<void>;
}

export async function startLab(): Promise<TestLab> {
  const dataDir = mkdtempSync(join(tmpdir(), "granary-clouds-"));
  const hooks = fakeHooks();
  const log: string[] = [];
  const options: CloudsOptions = {
    listen: { host: "127.0.0.1", port: 0 },
    domain: "lab",
    minio: binary("minio"),
    s3admin: binary("s3admin"),
    dataDir,
    hooks,
    log: (line) => void log.push(line),
    token,
    spaces: { accessId: rootKey.accessKeyId, secretKey: rootKey.secretAccessKey },
    cloudflare: { accountId, zones: ["shop.example"] },
  };
  const clouds = await startClouds(options);
  const lab: TestLab = {
    clouds,
    hooks,
    log,
    options,
    end: async () => {
      await lab.clouds.close(); // a test may have started others in their place
      rmSync(dataDir, { recursive: true });
    },
  };
  return lab;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

/** One HTTP request to the clouds under another host's name. */
export function send(
  clouds: Clouds,
  host: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: string | Buffer = "",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: clouds.address.host,
      port: clouds.address.port,
      method,
      path,
      headers: { ...headers, host },
    };
    const call = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** One call to a vendor's API, with the answer parsed. */
export async function api(
  clouds: Clouds,
  vendor: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const all = { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers };
  const answer = await send(
    clouds,
    `api.${vendor}.lab`,
    method,
    path,
    all,
    body === undefined ? "" : JSON.stringify(body),
  );
  return {
    status: answer.status,
    body: answer.text === "" ? undefined : (JSON.parse(answer.text) as Record<string, never>),
  };
}

export interface S3Key {
  accessKeyId: string;
  secretAccessKey: string;
}

/** One signed S3 call. */
export async function s3(
  clouds: Clouds,
  key: S3Key,
  method: string,
  host: string,
  path: string,
  body: string | Buffer = "",
  headers: Record<string, string> = {},
): Promise<Answer> {
  const signed = await signS3(key, method, host, path, headers);
  return send(clouds, host, method, path, signed, body);
}

/** The headers of a signed S3 call whose body is not hashed. */
export async function signS3(
  key: S3Key,
  method: string,
  host: string,
  path: string,
  headers: Record<string, string> = {},
) {
  const all = { ...headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  const url = `http://${host}${path}`;
  const signer = new AwsV4Signer({ ...key, method, url, headers: all, service: "s3", region: "us-east-1" });
  return Object.fromEntries((await signer.sign()).headers.entries());
}

/** Status and code of an S3 answer. */
export function refusal(answer: { status: number; text: string }): [number, string | undefined] {
  return [answer.status, /<Code>(\w+)<\/Code>/.exec(answer.text)?.[1]];
}

export function md5(text: string): string {
  return createHash("md5").update(text).digest("base64");
}
