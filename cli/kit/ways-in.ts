/** How to reach a copy with plain rclone: the remote `copy`, and where the directories of a host are in it. */
import { artifactsHome, filesHome } from "../../plan/box-homes.js";
import { s3Endpoint } from "../../plan/endpoints.js";
import { BOX_PORT } from "../../plan/job-env.js";
import { replicasOf } from "../../settings/replicas.js";
import type { Copy, Place, Settings, StorageBoxCopy } from "../../settings/schema.js";

/** The main account of a storage box: the company's console and the stack know it, the settings do not. */
export interface BoxAccount {
  server: string;
  username: string;
}

/** A place backups are in. */
export interface Way {
  /** Name of the copy; "spaces, replica" of its replica. */
  name: string;
  company: string;
  /** Bucket or box, and where it is. */
  where: string;
  /** What to ask the company for, to be let in. */
  ask: string;
  /** Commands that make the rclone remote `copy`; what is secret they ask for. */
  code: string;
  /** Commands that say where a host's backups and its restic repositories are in that remote. */
  roots(host: string): string;
}

/** Every place that holds backups. @param boxes main accounts by copy, as far as they are known */
export function waysIn(settings: Settings, boxes: Record<string, BoxAccount>): Way[] {
  const copies = Object.entries(settings.copies).map(([name, copy]) => copyWay(name, copy, boxes[name]));
  const replicas = replicasOf(settings).flatMap(({ job }) =>
    job.holds === "backups" ? [bucketWay(`${job.from}, replica`, job.target)] : [],
  );
  return [...copies, ...replicas];
}

function copyWay(name: string, copy: Copy, account: BoxAccount | undefined): Way {
  return copy.kind === "storageBox" ? boxWay(name, copy, account) : bucketWay(name, copy);
}

/** A bucket, by its company's own name for each thing. */
export function bucketWay(name: string, place: Place): Way {
  const spaces = place.kind === "spaces";
  const root = `ROOT=copy:${place.bucket} REPOSITORIES=copy:${place.bucket}`;
  return {
    name,
    company: spaces ? "DigitalOcean" : "Cloudflare",
    where: spaces
      ? `Spaces bucket ${place.bucket}, region ${place.region}`
      : `R2 bucket ${place.bucket}, account ${place.accountId}, jurisdiction ${place.jurisdiction}, location ${place.location}`,
    ask: spaces
      ? "In the control panel, Spaces Object Storage → Access Keys: a key with limited access, Read, for this bucket."
      : "In the dashboard, R2 → Manage API Tokens: a token with Object Read only, for this bucket. It shows an access key id and a secret access key.",
    code: `export RCLONE_CONFIG_COPY_TYPE=s3 RCLONE_CONFIG_COPY_PROVIDER=${spaces ? "DigitalOcean" : "Cloudflare"}
export RCLONE_CONFIG_COPY_REGION=${spaces ? place.region : "auto"} RCLONE_CONFIG_COPY_NO_CHECK_BUCKET=true
export RCLONE_CONFIG_COPY_ENDPOINT=${s3Endpoint(place)}
read -rp 'access key id: ' RCLONE_CONFIG_COPY_ACCESS_KEY_ID
read -rsp 'secret access key: ' RCLONE_CONFIG_COPY_SECRET_ACCESS_KEY
export RCLONE_CONFIG_COPY_ACCESS_KEY_ID RCLONE_CONFIG_COPY_SECRET_ACCESS_KEY
rclone lsf copy:${place.bucket}                    # must print daily/ and more`,
    roots: () => root,
  };
}

/** What a page without a stack leaves to be filled in. */
const UNKNOWN: BoxAccount = { server: "u_______.your-storagebox.de", username: "u_______" };

function boxWay(name: string, { location, type, hostKey }: StorageBoxCopy, account = UNKNOWN): Way {
  const { server, username } = account;
  return {
    name,
    company: "Hetzner",
    where: `Storage Box granary-${name} (${type}, ${location}): ${server}, port ${String(BOX_PORT)}, main account ${username}`,
    ask: "In the console, Storage Boxes → the box → reset the password of the main account. Older states are in its snapshots, there too.",
    code: `KEY='${hostKey}'
echo "[${server}]:${String(BOX_PORT)} $KEY" >box_known_hosts
export RCLONE_CONFIG_COPY_TYPE=sftp RCLONE_CONFIG_COPY_PORT=${String(BOX_PORT)} RCLONE_CONFIG_COPY_SHELL_TYPE=none
export RCLONE_CONFIG_COPY_HOST=${server} RCLONE_CONFIG_COPY_USER=${username}
export RCLONE_CONFIG_COPY_KNOWN_HOSTS_FILE=$PWD/box_known_hosts
read -rsp 'password of the box: ' PASSWORD
RCLONE_CONFIG_COPY_PASS=$(rclone obscure - <<<"$PASSWORD") && export RCLONE_CONFIG_COPY_PASS
rclone lsf copy:                                   # must print a directory of each host`,
    roots: (host) => `ROOT=copy:${artifactsHome(host)} REPOSITORIES=copy:${filesHome(host)}`,
  };
}
