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
  User?: string;
  WorkingDir?: string;
  StopSignal?: string;
}

/** Starts the Debian package's registry on the lab's gateway. Images are pulled as `registry.lab:5000/<name>@<digest>`. */
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

/**
 * Publishes file systems (uncompressed tars, the first the root) as the layers of an image.
 * @returns its pullable name, pinned by digest: what is pulled later is what was published now
 */
export async function publishImage(name: string, tag: string, tars: string[], config: ImageConfig): Promise<string> {
  const layers: Blob[] = [];
  for (const tar of tars) {
    const layer = { digest: await sha256(createReadStream(tar)), size: (await stat(tar)).size };
    await uploadBlob(name, layer, () => Readable.toWeb(createReadStream(tar)) as Body);
    layers.push(layer);
  }
  const diffIds = layers.map(({ digest }) => digest);
  const image = { architecture: architecture(), os: "linux", config, rootfs: { type: "layers", diff_ids: diffIds } };
  const imageJson = Buffer.from(JSON.stringify(image));
  const imageBlob = { digest: await sha256([imageJson]), size: imageJson.length };
  await uploadBlob(name, imageBlob, () => imageJson);
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: "application/vnd.docker.container.image.v1+json", ...imageBlob },
    layers: layers.map((layer) => ({ mediaType: "application/vnd.docker.image.rootfs.diff.tar", ...layer })),
  });
  await request("PUT", `${base}/${name}/manifests/${tag}`, manifest, { "content-type": type });
  return `${registry}/${name}@${await sha256([Buffer.from(manifest)])}`;
}

/** What the registry stores, by its hash. */
interface Blob {
  digest: string;
  size: number;
}

async function uploadBlob(name: string, { digest, size }: Blob, body: () => Body) {
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
