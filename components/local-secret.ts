import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/**
 * A value made once on the machine that runs the program and kept, encrypted, in the stack's state.
 * `create` is a POSIX shell command that prints it; it runs again only if the resource is replaced.
 */
function madeOnce(name: string, create: string, parent: pulumi.Resource): pulumi.Output<string> {
  const made = new local.Command(
    name,
    { create, interpreter: ["/bin/sh", "-c"], logging: "none", addPreviousOutputInEnv: false },
    // A changed command must not silently change a password or a key that is in use.
    { parent, additionalSecretOutputs: ["stdout", "stderr"], ignoreChanges: ["create", "interpreter", "logging"] },
  );
  return pulumi.secret(made.stdout);
}

/**
 * A random password: 48 hexadecimal digits (192 bits) after a prefix that satisfies Hetzner's rule for storage boxes
 * (upper and lower case, a digit and a special character, 12 to 128 characters).
 */
export function randomPassword(name: string, parent: pulumi.Resource): pulumi.Output<string> {
  return madeOnce(name, "printf 'Gr4-'; od -An -N24 -tx1 /dev/urandom | tr -d ' \\n'", parent);
}

export interface SshKeyPair {
  /** OpenSSH private key, secret. */
  privateKey: pulumi.Output<string>;
  /** `ssh-ed25519 AAAA…`, not secret. */
  publicKey: pulumi.Output<string>;
}

/** An Ed25519 key pair; needs `ssh-keygen` where the program runs. */
export function sshKeyPair(name: string, parent: pulumi.Resource): SshKeyPair {
  const make = [
    "set -e",
    "umask 077",
    "dir=$(mktemp -d)",
    `trap 'rm -rf "$dir"' EXIT`,
    `ssh-keygen -q -t ed25519 -N '' -C '' -f "$dir/key"`,
    `cat "$dir/key" "$dir/key.pub"`,
  ];
  const both = madeOnce(name, make.join("\n"), parent);
  const end = "-----END OPENSSH PRIVATE KEY-----\n";
  return {
    privateKey: both.apply((text) => text.slice(0, text.indexOf(end)) + end),
    publicKey: pulumi.unsecret(both.apply((text) => text.slice(text.indexOf(end) + end.length).trim())),
  };
}
