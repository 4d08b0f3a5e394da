/**
 * The rules that must never be broken, whoever changes the program. They look at what goes to the providers, not at our
 * components: a bucket that somebody adds beside them is held to the same. Names of types and properties are the providers'.
 */

/** What the engine is about to register. */
export interface Resource {
  type: string;
  name: string;
  urn: string;
  /** In a preview some are not known yet: to read one of these stops the rule for that resource. */
  props: Record<string, unknown>;
  opts: { protect: boolean };
}

export type Report = (message: string, urn?: string) => void;

/** One rule, as `@pulumi/policy` wants it: about each resource, or about the stack as a whole. */
export interface Rule {
  name: string;
  description: string;
  enforcementLevel: "mandatory";
  validateResource?: (resource: Resource, report: Report) => void;
  validateStack?: (stack: { resources: Resource[] }, report: Report) => void;
}

type Props = Record<string, unknown>;

const SPACES = "digitalocean:index/spacesBucket:SpacesBucket";
const R2 = "cloudflare:index/r2Bucket:R2Bucket";
const R2_LOCK = "cloudflare:index/r2BucketLock:R2BucketLock";
const R2_LIFECYCLE = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle";
const BOX = "hcloud:index/storageBox:StorageBox";
const SUBACCOUNT = "hcloud:index/storageBoxSubaccount:StorageBoxSubaccount";
const SERVER = "hcloud:index/server:Server";
const REMOTE = ["command:remote:Command", "command:remote:CopyToRemote"];

/** What makes a bucket readable by those who have no key. */
const PUBLIC = [
  "cloudflare:index/r2ManagedDomain:R2ManagedDomain",
  "cloudflare:index/r2CustomDomain:R2CustomDomain",
  "digitalocean:index/spacesBucketPolicy:SpacesBucketPolicy",
  "digitalocean:index/cdn:Cdn",
];

/** The page of `granary status` is made anew each day; its bucket holds no backup. */
const PAGE = "granary:status:Page$";

/** Words that make ssh take any key that answers. */
const UNPINNED = /StrictHostKeyChecking[= ]+(no|off|accept-new)|UserKnownHostsFile[= ]+\/dev\/null/i;

export const RULES: Rule[] = [
  rule("private", "Nobody reads a copy without a key of its own", ({ type, props }, report) => {
    if (type === SPACES && props["acl"] !== "private") report('is not private: set acl: "private"');
    if (PUBLIC.includes(type)) report("opens a bucket to people without a key: take it away");
    if (type !== BOX && type !== SUBACCOUNT) return;
    const access = map(props["accessSettings"]);
    for (const door of ["sambaEnabled", "webdavEnabled"])
      if (access[door] !== false) report(`has a door beside SSH: set accessSettings.${door}: false`);
  }),
  {
    ...rule(
      "versioned-or-locked",
      "What is overwritten or deleted in a copy can be brought back, or is refused",
      ({ type, props }, report) => {
        if (type === SPACES && map(props["versioning"])["enabled"] !== true)
          report("keeps no versions: set versioning: { enabled: true }");
        if (type === R2_LOCK && !list(props["rules"]).some(holds))
          report("locks nothing: give it an enabled rule with an age");
        if (type !== BOX) return;
        if (!(Number(map(props["snapshotPlan"])["maxSnapshots"]) > 0))
          report("makes no snapshots: set snapshotPlan.maxSnapshots");
        if (props["deleteProtection"] !== true) report("may be deleted: set deleteProtection: true");
      },
    ),
    validateStack: ({ resources }, report) =>
      lacking(
        resources.filter(({ urn }) => !urn.includes(PAGE)),
        R2_LOCK,
        "has no lock",
        report,
      ),
  },
  {
    ...rule("lifecycle", "What nobody needs any more goes by itself, old versions too", ({ type, props }, report) => {
      if (type !== SPACES) return;
      const rules = list(props["lifecycleRules"]).filter((one) => one["enabled"] === true);
      if (!rules.some((one) => Number(map(one["noncurrentVersionExpiration"])["days"]) > 0))
        report("keeps old versions for ever: add a lifecycle rule with noncurrentVersionExpiration");
      if (!rules.some((one) => Number(one["abortIncompleteMultipartUploadDays"]) > 0))
        report("keeps half uploads for ever: add a lifecycle rule with abortIncompleteMultipartUploadDays");
    }),
    validateStack: ({ resources }, report) => lacking(resources, R2_LIFECYCLE, "has no lifecycle", report),
  },
  rule("no-force-destroy", "A bucket that holds something is never deleted with it", ({ props }, report) => {
    if (props["forceDestroy"] === true) report("may be deleted with all that is in it: set forceDestroy: false");
  }),
  rule("pinned-host-keys", "No machine is spoken to but the one whose key is known", ({ type, props }, report) => {
    if (REMOTE.includes(type)) {
      const connection = map(props["connection"]);
      if (!pinned(connection["hostKey"])) report("takes any host key: set connection.hostKey");
      if (connection["proxy"] !== undefined && !pinned(map(connection["proxy"])["hostKey"]))
        report("takes any host key of its proxy: set connection.proxy.hostKey");
    }
    if (!type.startsWith("command:")) return;
    for (const command of ["create", "update", "delete"])
      if (UNPINNED.test(textOf(props[command]))) report(`takes any host key in its ${command}: pin the key`);
  }),
  rule("protected", "What holds data is deleted on purpose only", ({ type, props, opts }, report) => {
    const disposable = type === SERVER && map(props["labels"])["granary-role"] === "drill";
    if ([SPACES, R2, R2_LOCK, R2_LIFECYCLE, BOX, SERVER].includes(type) && !disposable && !opts.protect)
      report("is not protected: give it the option protect: true");
  }),
];

function rule(name: string, description: string, validate: (resource: Resource, report: Report) => void): Rule {
  return {
    ...{ name, description, enforcementLevel: "mandatory" },
    validateResource: (resource, report) => validate(resource, (message) => report(`${resource.name} ${message}`)),
  };
}

/** R2 buckets that nothing of that type belongs to. A bucket's rules are a resource of their own, with its name and account. */
function lacking(resources: Resource[], type: string, words: string, report: Report): void {
  const belongs = ({ props }: Resource, name: unknown) => [props["accountId"], props["jurisdiction"], name].join(" ");
  const there = resources.filter((one) => one.type === type).map((one) => belongs(one, one.props["bucketName"]));
  for (const bucket of resources.filter((one) => one.type === R2))
    if (!there.includes(belongs(bucket, bucket.props["name"])))
      report(`${bucket.name} ${words}: add a ${type.split(":").at(-1)} for it`, bucket.urn);
}

/** Whether a rule of a lock forbids anything. */
function holds({ enabled, condition }: Props): boolean {
  const { type, maxAgeSeconds } = map(condition);
  return enabled === true && (type === "Indefinite" || Number(maxAgeSeconds) > 0);
}

function pinned(key: unknown): boolean {
  return typeof key === "string" && /^(ssh|ecdsa)-\S+ \S+/.test(key);
}

function map(value: unknown): Props {
  return typeof value === "object" && value !== null ? (value as Props) : {};
}

function list(value: unknown): Props[] {
  return Array.isArray(value) ? value.map(map) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
