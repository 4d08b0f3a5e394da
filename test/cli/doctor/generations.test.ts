import { expect, it } from "vitest";
import { deployedOn } from "../../../cli/doctor/state.js";

/** A command of the host's own, as the state has it. */
const key = (name: string, host = "shop") => ({
  urn: `urn:pulumi:prod::granary::granary:hosts:Host$command:remote:Command::${name}`,
  type: "command:remote:Command",
  parent: `urn:pulumi:prod::granary::granary:hosts:Host::${host}`,
  inputs: {},
  outputs: { stdout: `ssh-ed25519 ${name} granary@shop\n` },
});

it("a key of a later generation is looked for in a file of its own", () => {
  const names = ["shop-box.2-key", "shop-restic-media.12-key", "shop-git-key", "shop-box.x-key"];
  expect(
    deployedOn(
      "shop",
      names.map((name) => key(name)),
    ).keys,
  ).toEqual({
    "/etc/granary/box.2_ed25519": "ssh-ed25519 shop-box.2-key",
    "/etc/granary/restic-media.12_ed25519": "ssh-ed25519 shop-restic-media.12-key",
    "/etc/granary/git_ed25519": "ssh-ed25519 shop-git-key",
  });
});
