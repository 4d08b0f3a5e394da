import type { Area } from "./pitfall.js";

const HOST = "test/components/host.test.ts";

/** From the laptop to the host. */
export const deploying: Area = {
  heading: "Deploying",
  pitfalls: [
    {
      pitfall: "npm's latest `@pulumi/command` is a stray version without host keys",
      guard: ["package.json"],
      tests: [["test/lint.test.ts", "%s is exactly %s", "@pulumi/command"]],
    },
    {
      pitfall: "a host key is not checked",
      guard: ["components/ssh.ts"],
      tests: [
        ["test/components/ssh.test.ts", "is to root, of one machine with one key, and waits for it a minute"],
        [
          "test/cli/restore.test.ts",
          "sends the identity by standard input, to no machine but the one whose key the stack pins",
        ],
      ],
    },
    {
      pitfall: "a replaced server gets nothing, because nothing changed for the upload",
      guard: ["components/install-scripts.ts"],
      tests: [
        [HOST, "a replaced server gets nothing unless its id is among the triggers of the upload"],
        [HOST, "every command is tied to the machine by its standard input"],
      ],
    },
    {
      pitfall: "the old resource is deleted after the new one was made, and takes it along",
      guard: ["components/install-scripts.ts"],
      tests: [[HOST, "a replacement deletes after it creates by default: the upload deletes first"]],
    },
    {
      pitfall: "a failing remote command prints itself and all it said",
      guard: ["components/job.ts"],
      tests: [
        [HOST, "a failing command prints its whole text: no secret is in any"],
        [HOST, "has a secret standard input, whatever is in it"],
      ],
    },
    {
      pitfall: "the environment of a command is refused by the server",
      guard: ["components/job.ts"],
      tests: [[HOST, "an environment needs AcceptEnv: none is sent, nor an earlier output"]],
    },
    {
      pitfall: "a machine that boots refuses more dials than are tried",
      guard: ["components/ssh.ts"],
      tests: [[HOST, "ten refused dials are too few for a machine that boots: 60"]],
    },
    {
      pitfall: "a copied file has no mode, and one that is no longer in the folder stays",
      guard: ["scripts/host/install"],
      tests: [["test/scripts/host.test.ts", "puts scripts, units, directories and links in their places, twice alike"]],
    },
    {
      pitfall: "jobs that are deployed side by side write the same files of the host",
      guard: ["scripts/lib/host.sh"],
      tests: [["test/scripts/host.test.ts", "changes a host one job at a time, though they are deployed side by side"]],
    },
    {
      pitfall: "the output `bucketDomainName` is always DigitalOcean's, whatever the endpoint",
      guard: ["plan/endpoints.ts"],
      tests: [
        ["test/lab/plugins/spaces.test.ts", "has the outputs of the official plugin, whatever the endpoint"],
        ["test/plan/plan.test.ts", "of %j"],
      ],
    },
    {
      pitfall: "the lab's clouds and plugins do not do what the real ones do on the wire",
      guard: ["lab/plugins", "lab/clouds"],
      tests: [
        [
          "test/lab/clouds/wire.test.ts",
          "every recorded request gets the recorded status and an answer of the recorded shape",
        ],
        ["test/lab/plugins/replay.test.ts", "creates with the recorded requests, and keeps secrets out of the state"],
        ["test/lab/plugins/replay.test.ts", "sees no change in a second preview"],
        [
          "test/lab/clouds/vendors.test.ts",
          "an action runs until the host is ready, and only asked actions are listed",
        ],
        [
          "test/lab/clouds/r2.test.ts",
          "a bucket with an object is not deleted; a bucket is found in its jurisdiction alone",
        ],
      ],
    },
    {
      pitfall:
        "the server behind the lab's Spaces drops the rule for unfinished uploads, and every preview shows a change",
      guard: ["lab/clouds"],
      tests: [
        [
          "test/lab/clouds/spaces.test.ts",
          "a rule for old versions and multipart uploads alone comes back as it was sent",
        ],
      ],
    },
  ],
};
