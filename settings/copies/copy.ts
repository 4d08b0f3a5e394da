import { z } from "zod";
import { named } from "../strict.js";
import { r2Schema, type R2Copy } from "./r2.js";
import { spacesSchema, type SpacesCopy } from "./spaces.js";
import { storageBoxSchema, type StorageBoxCopy } from "./storage-box.js";

/** A place backups are written to. */
export type Copy = SpacesCopy | R2Copy | StorageBoxCopy;

const copySchema = z.discriminatedUnion("kind", [spacesSchema, r2Schema, storageBoxSchema], {
  error: "use kind: spaces, r2 or storageBox",
});

/** The name becomes part of rclone's environment variables, where "local" is the copy on the host and "replica" a copy's second bucket. */
export const copiesSchema: z.ZodType<Record<string, Copy>> = named(
  "copies",
  /^(?!(local|replica)$)[a-z][a-z0-9]{0,19}$/,
  "1-20 lower-case letters and digits, a letter first, and not local or replica",
  copySchema,
);
