/** The stand-in for `@pulumi/command` 1.2.1: commands here and over SSH, and copies to a remote host. */
import type { Plugin } from "../shared/provider.js";
import type { NoClient } from "./command.js";
import { copyToRemote } from "./copy-to-remote.js";
import { localCommand } from "./local-command.js";
import { remoteCommand } from "./remote-command.js";

export const command: Plugin<NoClient> = {
  name: "command",
  version: "1.2.1",
  config: {},
  configure: () => ({}),
  resources: [localCommand, remoteCommand, copyToRemote],
  invokes: {},
};
