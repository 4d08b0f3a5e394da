import { z } from "zod";
import { hostKeySchema } from "../host-key.js";
import { scheduleSchema, type Schedule } from "../schedule.js";
import { strict, text } from "../strict.js";
import { pathSchema } from "./paths.js";

/** The shop's code: every branch and tag pushed to a Git remote, and all of it as an encrypted bundle in the copies. */
export interface SourceJob {
  kind: "source";
  /** The repository on the host. */
  path: string;
  /** SSH address of the Git remote; absent: nothing is pushed, the copies alone have it. */
  remote?: string;
  /** The remote's public SSH key. Default: what GitHub and GitLab publish for theirs; needed for any other. */
  remoteHostKey?: string;
  /** Default "02:40". */
  schedule: Schedule;
}

/**
 * The Ed25519 host keys these publish; their fingerprints are in their documentation:
 * GitHub SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU, GitLab SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8.
 */
const PUBLISHED: Readonly<Record<string, string>> = {
  "github.com": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
  "gitlab.com": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
};

/** `user@host:path` or `ssh://user@host[:port]/path`. */
const REMOTE = /^(?:ssh:\/\/)?[a-z_][a-z0-9_-]*@([a-z0-9.-]+)(?::(\d{1,5})(?=\/)|(?=[:/]))[:/][^\s:][^\s]*$/;

/** The name under which SSH looks for the remote's key: `host`, or `[host]:port`. */
export function remoteHost(remote: string): string {
  const [, host, port] = REMOTE.exec(remote) as unknown as [string, string, string | undefined];
  return port === undefined ? host : `[${host}]:${port}`;
}

/** The remote's host key: what the settings say, or what its company publishes; undefined: neither. */
export function remoteKey(remote: string, remoteHostKey: string | undefined): string | undefined {
  return remoteHostKey ?? PUBLISHED[remoteHost(remote)];
}

export const sourceSchema = strict("a source job", {
  kind: z.literal("source"),
  path: pathSchema,
  remote: text(
    REMOTE,
    "use the remote's SSH address, e.g. git@github.com:example/shop.git; the host logs in with a key of its own",
  ).exactOptional(),
  remoteHostKey: hostKeySchema.exactOptional(),
  schedule: scheduleSchema.prefault("02:40"),
});
