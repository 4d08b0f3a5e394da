import type * as pulumi from "@pulumi/pulumi";
import type { Generations } from "../plan/generations.js";
import type { CopyAccess } from "../plan/job-env.js";

/** Who asks for access to a copy. */
export interface Grantee {
  /** The host's name in the settings. */
  host: string;
  /** Which of its credentials exist: of each an own key, and each of its own keys is let in. */
  generations: Generations;
  /** The public halves of the keys the host made for storage boxes; the private halves never leave it. */
  boxKeys: pulumi.Input<string>[];
  /** By files job: the public halves of the keys with which it reaches its restic repository on a storage box. */
  repositoryKeys: Record<string, pulumi.Output<string>[]>;
  /** The host's component: what is made for it is removed with it. */
  parent: pulumi.Resource;
}

/** What a host gets: its own credentials, and what must exist before they work. */
export interface Grant {
  /** Secret. */
  access: pulumi.Output<CopyAccess>;
  ready: pulumi.Resource[];
  /** That of the other generation, while keys are replaced. An account on a box stays, and lets in the keys of both. */
  other?: pulumi.Output<CopyAccess>;
}

/** A place backups are written to, provisioned. */
export interface CopyComponent {
  /** Name of its bucket, where it is one. */
  readonly bucketName?: pulumi.Output<string>;
  /** Makes credentials for one host that reach this copy and nothing else. */
  grant(grantee: Grantee): Grant;
  /**
   * Makes credentials for `granary maintain`, which runs outside of every host: they read and delete in the whole copy.
   * Secret; undefined when the settings name nobody who could use them.
   */
  maintenance(): pulumi.Output<CopyAccess> | undefined;
  /** Makes credentials that read all of this copy, and change nothing, for `granary status`. Secret. */
  reader(): pulumi.Output<CopyAccess>;
}
