import { join } from "node:path";
import { cacheDir } from "../config.js";
import { publishImage } from "../registry.js";

/** Makes the tar of lab/images/postgres an image in the lab's registry. @returns its pullable name */
export function publishPostgres(): Promise<string> {
  return publishImage("postgres", "15", [join(cacheDir(), "images", "postgres.tar")], {
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["postgres"],
    Env: [
      "PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "PGDATA=/var/lib/postgresql/data",
    ],
    ExposedPorts: { "5432/tcp": {} },
    Volumes: { "/var/lib/postgresql/data": {} },
    StopSignal: "SIGINT",
  });
}
