import { z } from "zod";
import { r2Schema, type R2Copy } from "./r2.js";
import { spacesSchema, type SpacesCopy } from "./spaces.js";
import { storageBoxSchema, type StorageBoxCopy } from "./storage-box.js";

/** A place backups are written to. */
export type Copy = SpacesCopy | R2Copy | StorageBoxCopy;

export const copySchema = z.discriminatedUnion("kind", [spacesSchema, r2Schema, storageBoxSchema]);

export const copiesSchema: z.ZodType<Record<string, Copy>> = z.record(z.string(), copySchema);
