import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { network, registry, runDir } from "./config.js";
import { waitForPort } from "./hosts/machines.js";

const port = 5000;
const base = `http://${network.gateway}:${port}/v2`;

type Body = NonNullable<RequestInit["body"]>;

/** What an image runs and with which environment, as `docker inspect` shows it. */
export interface ImageConfig {
  Entrypoint: string[];
  Cmd?: string[];
  Env: string[];
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  StopSignal?: string;
}

/** Starts the Debian package's registry on the lab's gateway. Images are pulled as `registry.lab:5000/<name>:<tag>`. */
export async function startRegistry(): Promise<ChildProcess> {
  const dir = join(runDir(), "registry");
  await mkdir(dir, { recursive: true });
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: dir } },
    http: { addr: `${network.gateway}:${port}` },
  };
  await writeFile(join(dir, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(dir, "config.yml")], { stdio: ["ignore", "ignore", "ignore"] });
  await waitForPort(network.gateway, port, 20);
  return child;
}

/** Publishes a root file system (an uncompressed tar) as an image of one layer. @returns its pullable name. */
export async function publishImage(name: string, tag: string, tar: string, config: ImageConfig): Promise<string> {
  const layer = await sha256(createReadStream(tar));
  await uploadBlob(name, layer, () => Readable.toWeb(createReadStream(tar)) as Body, (await stat(tar)).size);
  const image = { architecture: architecture(), os: "linux", config, rootfs: { type: "layers", diff_ids: [layer] } };
  const imageJson = Buffer.from(JSON.stringify(image));
  const imageDigest = await sha256([imageJson]);
  await uploadBlob(name, imageDigest, () => imageJson, imageJson.length);
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = {
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: imageJson.length,
      digest: imageDigest,
    },
    layers: [
      { mediaType: "application/vnd.docker.image.rootfs.diff.tar", size: (await stat(tar)).size, digest: layer },
    ],
  };
  await request("PUT", `${base}/${name}/manifests/${tag}`, JSON.stringify(manifest), { "content-type": type });
  return `${registry}/${name}:${tag}`;
}

async function uploadBlob(name: string, digest: string, body: () => Body, size: number) {
  const started = await request("POST", `${base}/${name}/blobs/uploads/`);
  const location = new URL(started.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digest);
  await request("PUT", location.href, body(), {
    "content-type": "application/octet-stream",
    "content-length": String(size),
  });
}

async function request(method: string, url: string, body?: Body, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method, body: body ?? null, headers, duplex: "half" });
  if (!response.ok) throw new Error(`registry: ${method} ${url} answered ${response.status} ${await response.text()}`);
  return response;
}

async function sha256(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}

function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
