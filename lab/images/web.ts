import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir, repository, runDir } from "../config.js";
import { publishImage } from "../registry.js";

const ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"];
const ENTRYPOINT = ["docker-entrypoint.sh"];
/** Where the shop's program is in its image. */
const PROGRAM = "/srv/shop/shop.py";

const root = (): string => join(cacheDir(), "images", "web.tar");

/** Makes the demo shop, lab/shop/app on the tar of lab/images/web, an image in the lab's registry. @returns its pullable name */
export async function publishShop(): Promise<string> {
  const layer = join(runDir(), "shop-app.tar");
  // The same files are the same image, whenever and by whomever it is made.
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=a+rX,go-w"];
  const into = ["--transform", "s,^\\.,./srv/shop,", "--exclude=__pycache__"];
  await promisify(execFile)("tar", [...same, ...into, "-C", join(repository, "lab/shop/app"), "-cf", layer, "."]);
  return publishImage("shop", "1", [root(), layer], {
    Entrypoint: ENTRYPOINT,
    Cmd: ["python3", "-B", PROGRAM],
    Env: ENVIRONMENT,
    ExposedPorts: { "3000/tcp": {} },
    User: "nobody",
  });
}

/** Makes Caddy, which is in the same tar, an image. @returns its pullable name */
export function publishCaddy(): Promise<string> {
  return publishImage("caddy", "2", [root()], {
    Entrypoint: ENTRYPOINT,
    Cmd: ["caddy", "run", "--config", "/etc/caddy/Caddyfile"],
    Env: [...ENVIRONMENT, "XDG_DATA_HOME=/data", "XDG_CONFIG_HOME=/tmp"],
    ExposedPorts: { "443/tcp": {} },
  });
}
