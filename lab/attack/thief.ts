/** What a thief on the host works with: its root shell, its rclone, and whatever answers from outside. */
import type { ShopServer } from "../rehearsal/shop-server.js";
import type { Answer } from "./damage.js";
import { partIn, type Target } from "./loot.js";

/** Carries one attack out. Throws only when it could not be tried. */
export type Move = () => Promise<Answer>;

/** Attacks by `part/id`. */
export type Moves = Record<string, Move>;

/** The words of a refusal that tell why, in whatever a client prints. */
const REASONS =
  /\b(ObjectLockedByBucketPolicy|AccessDenied|NotImplemented|SSH_FX_\w+|Permission denied|permission denied|No such file or directory|Command not found|40[135] \w+|501 \w+)/g;

/** Adds up what a thief is told. */
export class Tally implements Answer {
  done = 0;
  refused = 0;
  said: string[] = [];

  add(done: boolean, words: string): void {
    if (done) this.done++;
    else {
      this.refused++;
      if (words !== "" && !this.said.includes(words)) this.said.push(words);
    }
  }

  /** One command on the host: it is refused if it fails. */
  async command(server: ShopServer, script: string): Promise<string> {
    const output = await server.run(`( ${script}\n) 2>&1; echo "exit=$?"`);
    const [, text = "", code] = /^([\s\S]*)exit=(\d+)\s*$/.exec(output) ?? [];
    const reasons = [...new Set([...text.matchAll(REASONS)].map(([, words]) => words!))];
    const last = text.trim().split("\n").at(-1) ?? "";
    this.add(code === "0", reasons.slice(0, 2).join(", ") || last.slice(0, 100));
    return text;
  }
}

/** Shell words that run rclone with the credentials of a copy, as they are in the job's settings. */
export function rclone({ file }: Target, args: string): string {
  return `while IFS= read -r line; do case $line in RCLONE_CONFIG_*) export "$line" ;; esac; done <${file}
    rclone --config /dev/null --retries 1 --low-level-retries 1 --s3-no-check-bucket ${args}`;
}

/** Where a key of a copy is, for rclone. */
export const at = ({ remote, root }: Target, key: string): string =>
  `'${remote}:${root === "" ? "" : `${root}/`}${key}'`;

/** What a thief who stops the backups first, so that nobody is told of a failure, would stop. */
export async function stopBackups(server: ShopServer): Promise<void> {
  await server.run(`systemctl stop 'granary*.timer' 'granary*.service'`);
}

/** Every key that the thief sees with the host's credentials. */
export async function listed(server: ShopServer, target: Target): Promise<string[]> {
  const output = await server.run(rclone(target, `lsf -R --files-only ${at(target, "")}`));
  return output.trim().split("\n");
}

/** Attacks on backups that go by rclone from the host, whatever the copy is. */
export function backupMoves(server: ShopServer, target: Target, keys: string[]): Moves {
  const belongs = partIn(target);
  const own = keys.filter((key) => belongs(key) === "backups");
  // The newest, as a restore would take it; of uploads, any.
  const artifact = own.filter((key) => /^daily\/.*\.age$/.test(key)).at(-1) ?? own[0]!;
  const manifest = artifact.replace(/(\d{8}T\d{6}Z)\..*$/, "$1.json");
  const several = async (...scripts: string[]): Promise<Answer> => {
    const tally = new Tally();
    for (const script of scripts) await tally.command(server, script);
    return tally;
  };
  const put = (from: string, key: string): string => rclone(target, `copyto --ignore-times ${from} ${at(target, key)}`);
  const later = (key: string): string => key.replace(/\d{8}T\d{6}Z|[^/]+$/, "20991231T235959Z");
  const there = [...new Set(own.map((key) => key.split("/")[0]!))];
  return {
    "backups/false": () => several(put("/etc/hostname", later(artifact)), put("/etc/hostname", later(manifest))),
    "backups/overwrite": () => several(put("/etc/hostname", artifact), put("/etc/hostname", manifest)),
    "backups/truncate": () => several(`: >/tmp/empty; ${put("/tmp/empty", artifact)}`),
    "backups/rename": () =>
      several(...there.map((tier) => rclone(target, `move ${at(target, tier)} ${at(target, `.gone/${tier}`)}`))),
    "backups/delete": () => several(...there.map((tier) => rclone(target, `delete ${at(target, tier)}`))),
  };
}
