import { join } from "node:path";
import { cacheDir } from "../config.js";
import { publishImage } from "../registry.js";

/** The job `blog` in the settings; its password is the lab's `DATABASE_PASSWORD`. */
export const MARIADB_JOB = {
  kind: "mariadb",
  container: "mariadb_container",
  database: "blog",
  continuous: true,
} as const;

/** Makes the tar of lab/images/mariadb an image in the lab's registry. @returns its pullable name */
export function publishMariadb(): Promise<string> {
  return publishImage("mariadb", "10.11", [join(cacheDir(), "images", "mariadb.tar")], {
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["mariadbd"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
    ExposedPorts: { "3306/tcp": {} },
    Volumes: { "/var/lib/mysql": {} },
  });
}
