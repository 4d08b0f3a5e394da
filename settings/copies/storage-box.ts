import { z } from "zod";
import { hostKeySchema } from "../host-key.js";
import { HETZNER_LOCATIONS } from "../places.js";
import { oneOf, strict, whole } from "../strict.js";

/**
 * The ed25519 host key Hetzner publishes for its Storage Boxes,
 * SHA256:XqONwb1S0zuj5A1CDxpOSuD2hnAArV1A3wKY7Z3sdgM.
 */
export const HETZNER_BOX_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICf9svRenC/PLKIL9nk6K/pxQgoiFC41wTNvoIncOxs";

/** Automatic snapshots each type holds at most; the oldest is deleted first. Source: Hetzner's docs, 2026-11-22. */
export const SNAPSHOT_SLOTS: Readonly<Record<string, number>> = { bx11: 10, bx21: 20, bx31: 30, bx41: 40 };

/** A Hetzner Storage Box that the program makes, with its own snapshots. */
export interface StorageBoxCopy {
  kind: "storageBox";
  /** bx11 (1 TB), bx21 (5 TB), bx31 (10 TB) or bx41 (20 TB). Default "bx11". */
  type: string;
  /** Default "hel1". A change would replace the box and lose its data. */
  location: string;
  snapshots: {
    /** Daily snapshots kept; the type sets the most (10, 20, 30, 40). Default 10. */
    keep: number;
    /** Hour of the daily snapshot, UTC, 0-23. Default 5: after the nightly jobs. */
    hourUtc: number;
  };
  /** Public SSH key of the box, `<type> <base64>`. Default: the key Hetzner publishes. */
  hostKey: string;
}

const snapshotsSchema = strict("snapshots", {
  keep: whole("snapshots", 1, 40).default(10),
  hourUtc: whole("hour", 0, 23).default(5),
}).prefault({});

export const storageBoxSchema = strict("a storageBox copy", {
  kind: z.literal("storageBox"),
  type: oneOf("a Storage Box type", Object.keys(SNAPSHOT_SLOTS)).default("bx11"),
  location: oneOf("a Hetzner location", Object.keys(HETZNER_LOCATIONS)).default("hel1"),
  snapshots: snapshotsSchema,
  hostKey: hostKeySchema.default(HETZNER_BOX_HOST_KEY),
});
