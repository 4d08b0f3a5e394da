import type { Area } from "./pitfall.js";

const SPACES = "test/components/spaces-copy.test.ts";
const R2 = "test/components/r2-copy.test.ts";
const BOX = "test/components/storage-box-copy.test.ts";
const SERVER = "test/components/server.test.ts";

/** What the companies and their providers do. */
export const vendors: Area = {
  heading: "DigitalOcean, Cloudflare, Hetzner",
  pitfalls: [
    {
      pitfall: "Spaces: a rename happens in the state only",
      guard: ["components/spaces-bucket.ts"],
      tests: [[SPACES, "a rename would only happen in the state: it is a replacement, and that is refused"]],
    },
    {
      pitfall: "Spaces: a versioned bucket grows for ever",
      guard: ["components/spaces-bucket.ts"],
      tests: [
        [SPACES, "a versioned bucket without noncurrent expiry grows for ever: each tier has one"],
        [SPACES, "what is in a restic repository never expires: only versions that were deleted there do"],
      ],
    },
    {
      pitfall:
        "Spaces: versioning that is left out stays as it was; an expiration takes one field; the delete marker's rule stands alone",
      guard: ["components/spaces-bucket.ts"],
      tests: [
        [SPACES, "a versioning block that is dropped changes nothing: it is always there"],
        [SPACES, "an expiration has one field, and days of 0 are dropped"],
        [SPACES, "the delete-marker rule stands alone"],
      ],
    },
    {
      pitfall: "Spaces: `forceDestroy` empties a bucket and ignores errors",
      guard: ["components/spaces-bucket.ts"],
      tests: [[SPACES, "forceDestroy ignores errors: never"]],
    },
    {
      pitfall: "Spaces: no cheaper class by rule, and regions that the package does not list",
      guard: ["components/spaces-bucket.ts", "settings/copies/spaces.ts"],
      tests: [
        [SPACES, "there are no transitions"],
        ["test/plan/plan.test.ts", "knows the eleven Spaces regions"],
      ],
    },
    {
      pitfall: "Spaces: the key that may read the rules of a bucket may do everything, and must reach no host",
      guard: ["components/bucket-key.ts"],
      tests: [
        [SPACES, "a host's key is readwrite on this one bucket, never fullaccess"],
        [
          "test/components/replicas.test.ts",
          "is filled with two keys: one only reads the source, one is bound to the replica",
        ],
      ],
    },
    {
      pitfall:
        "a company's token or key is in plain text in the stack's file: not every provider takes its own for a secret",
      guard: ["settings/stack-file.ts"],
      tests: [["test/settings/stack-file.test.ts", "refuses %s", "digitalocean:spacesSecretKey: planted"]],
    },
    {
      pitfall: "R2: ages are in seconds",
      guard: ["components/r2-bucket.ts"],
      tests: [
        [R2, "maxAge of a lifecycle rule is in seconds"],
        [R2, "maxAgeSeconds of a lock follows lockDays"],
      ],
    },
    {
      pitfall: "R2: our rules replace the one that drops unfinished uploads",
      guard: ["components/r2-bucket.ts"],
      tests: [[R2, "our rules replace the rule of a new bucket that drops unfinished uploads: it is declared again"]],
    },
    {
      pitfall: "R2: deleting rules and locks does nothing, so `pulumi destroy` leaves them",
      guard: ["components/r2-bucket.ts"],
      tests: [
        [R2, "deleting rules and locks does nothing: they are protected, so that it is not believed"],
        ["test/lab/plugins/rules.test.ts", "sends nothing to delete a lifecycle or a lock"],
      ],
    },
    {
      pitfall: "R2: a changed location, jurisdiction or class is ignored or mishandled",
      guard: ["components/r2-bucket.ts"],
      tests: [
        [R2, "a changed location is ignored and a changed jurisdiction mishandled: both are refused"],
        [R2, "a changed storage class may be refused: the bucket is Standard, objects move by rule"],
      ],
    },
    {
      pitfall: "R2: a lock covers what restic must delete, and every run fails",
      guard: ["plan/retention.ts"],
      tests: [
        [R2, "restic deletes its own locks, and a prune its indexes: no lock rule covers either"],
        [
          "test/scripts/files-s3.test.ts",
          "is made, written to again and restored from with nothing but puts, reads and listings",
        ],
      ],
    },
    {
      pitfall:
        "R2: the S3 key is made of the token, whose resource names the jurisdiction, and whose endpoint has it too",
      guard: ["components/bucket-key.ts", "plan/endpoints.ts"],
      tests: [
        [R2, "the S3 secret is the SHA-256 of the token's value, in hexadecimal"],
        [R2, "a token's resource names the jurisdiction, and the lifecycle and lock do too"],
        [R2, "the permission group is looked up by name, and only the one for items is given"],
        ["test/plan/plan.test.ts", "of %j"],
      ],
    },
    {
      pitfall: "R2: the cheaper class bills 30 days at least",
      guard: ["settings/cross-checks.ts"],
      tests: [["test/plan/simulate.test.ts", "find out %s", "a transition a week before the end"]],
    },
    {
      pitfall: "Storage Box: a change of its keys or place makes a new box, and all data is lost",
      guard: ["components/storage-box-copy.ts"],
      tests: [
        [BOX, "a change of sshKeys replaces the box and loses its data: none are given and a change is ignored"],
        [BOX, "a change of location replaces the box and loses its data: it is protected"],
        [BOX, "the provider lifts deleteProtection on destroy: it is set, and protect besides"],
      ],
    },
    {
      pitfall: "Storage Box: every way in is off by default, and an account's keys have to be put there over SSH",
      guard: ["components/storage-box-copy.ts", "components/box-key.ts"],
      tests: [
        [BOX, "access settings are off by default: SSH from anywhere is on, and nothing else"],
        [BOX, "each sub-account needs its own authorized_keys, placed over a connection whose host key is pinned"],
      ],
    },
    {
      pitfall: "Storage Box: more automatic snapshots than its type has room for",
      guard: ["settings/cross-checks.ts"],
      tests: [
        ["test/settings/bad-settings.test.ts", "%s: %j", "copies.box.snapshots.keep"],
        [BOX, "snapshots follow the settings, in UTC"],
      ],
    },
    {
      pitfall: "Hetzner: a changed image, key or user data replaces the server",
      guard: ["components/server.ts"],
      tests: [
        [SERVER, "a change of image, sshKeys or userData replaces the server: they count only when it is made"],
        [SERVER, "a change of location replaces the server: it is protected"],
      ],
    },
    {
      pitfall: "Hetzner: a server that is off is billed in full",
      guard: ["components/staging-server.ts", "plan/cost.ts"],
      tests: [
        ["test/components/staging-server.test.ts", "owns nothing that is protected, and says what it is"],
        ["test/plan/cost.test.ts", "bills a drill's server that is kept for each hour, and knows no price of some"],
      ],
    },
    {
      pitfall: "prices move",
      guard: ["plan/prices.ts"],
      tests: [
        ["test/cli/cost.test.ts", "shows each place, the sum in three currencies, and where the prices are from"],
      ],
    },
  ],
};
