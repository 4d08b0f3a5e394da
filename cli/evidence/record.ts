/** What a drill or a recovery leaves behind: `evidence/<date>-<kind>.json`. Read strictly, so that a damaged file proves nothing. */
import { z } from "zod";

/** By the command that writes it: `granary restore`, `recover`, `recover --clean-room`, `rotate`, `drill`. */
export const KINDS = ["restore", "recover", "clean-room", "rotate", "drill"] as const;
export type Kind = (typeof KINDS)[number];

/** Version of the file's shape. A change that a reader of this one cannot understand raises it. */
export const SCHEMA = 1;

const time = z.iso.datetime();
const seconds = z.number().nonnegative();

const phase = z.strictObject({
  name: z.string(),
  what: z.string(),
  /** Seconds from the start of the whole to that of the phase. */
  from: seconds,
  seconds,
  ok: z.boolean(),
});

const check = z.strictObject({ name: z.string(), ok: z.boolean(), expected: z.string(), actual: z.string() });

/** What was measured against what was promised. Seconds. */
const target = z.strictObject({
  name: z.string(),
  target: seconds,
  /** null: it could not be measured, and so is missed. */
  found: seconds.nullable(),
  ok: z.boolean(),
});

/** One job that was brought back. */
const restored = z.strictObject({
  job: z.string(),
  kind: z.string(),
  copy: z.string(),
  /** Of the backup, `20261123T030000Z`, or of the base backup that a recovery began with. */
  stamp: z.string(),
  /** The instant the data is of, where a log was replayed. */
  recoveredTo: z.string().exactOptional(),
  seconds: seconds.exactOptional(),
  /** Of its artifacts as they lie in the copy. */
  bytes: z.number().nonnegative().exactOptional(),
  /** SHA-256 of each artifact, by name, as it was read. */
  sha256: z.record(z.string(), z.string()).exactOptional(),
  /** By table, counted in what was restored. */
  rows: z.record(z.string(), z.number()).exactOptional(),
  files: z.number().nonnegative().exactOptional(),
});

/** What only people can do, ticked off. */
const step = z.strictObject({ name: z.string(), at: time, note: z.string().exactOptional() });

export const recordSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  kind: z.enum(KINDS),
  host: z.string(),
  ok: z.boolean(),
  /** How it ended, in one sentence. */
  outcome: z.string(),
  started: time,
  finished: time,
  seconds,
  /** The copy it was read from, if it was one. */
  copy: z.string().exactOptional(),
  targets: z.array(target),
  phases: z.array(phase),
  restored: z.array(restored),
  checks: z.array(check),
  steps: z.array(step),
  /** Of the programs, the images and the code that took part. */
  versions: z.record(z.string(), z.string()),
});

/** Times in ISO 8601, UTC; durations in seconds; sizes in bytes. */
export type EvidenceRecord = z.infer<typeof recordSchema>;
export type Restored = z.infer<typeof restored>;
export type Target = z.infer<typeof target>;
export type Phase = z.infer<typeof phase>;
