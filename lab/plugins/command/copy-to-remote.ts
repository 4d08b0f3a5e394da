import { randomBytes } from "node:crypto";
import type { Resource } from "../shared/resource.js";
import { stateOf } from "../shared/resource.js";
import { list, string, type Failure } from "../shared/schema.js";
import { text, equal, isAsset, isObject, UNKNOWN, type Value, type Values } from "../shared/values.js";
import type { NoClient } from "./command.js";
import { connectionProblems, connectionProp, dial } from "./connection.js";
import { copyPath, copyText, withSftp } from "./sftp-copy.js";

/** The engine computes it from the content: a path's new content is a new hash. */
const hash = (source: Value): Value => (isObject(source) ? source["hash"] : undefined);

function check(inputs: Values): Failure[] {
  const source = inputs["source"];
  if (!isObject(source) || source["path"] !== undefined) return connectionProblems(inputs["connection"]);
  if (isAsset(source) && source["text"] !== undefined) return connectionProblems(inputs["connection"]);
  const reason = isAsset(source)
    ? "asset must be a path-based file asset or a text asset"
    : "archive must be a path to a file or directory";
  return [{ property: isAsset(source) ? "asset" : "archive", reason }];
}

async function copy(inputs: Values, urn: string): Promise<void> {
  const source = inputs["source"] as Values;
  const target = text(inputs["remotePath"]);
  const client = await dial(inputs["connection"] as Values, urn);
  try {
    await withSftp(client, (sftp) =>
      source["path"] === undefined
        ? copyText(sftp, text(source["text"]), target)
        : copyPath(sftp, text(source["path"]), target),
    );
  } finally {
    client.end();
  }
}

/** Files once copied stay: there is no delete. */
export const copyToRemote: Resource<NoClient> = {
  token: "command:remote:CopyToRemote",
  inputs: {
    connection: connectionProp,
    source: { type: "assetOrArchive", required: true },
    remotePath: string({ required: true }),
    triggers: list({ type: "any" }, { replace: true }),
  },
  outputs: {},
  check: (inputs) => (inputs["source"] === UNKNOWN ? [] : check(inputs)),

  async create(_client, inputs, urn) {
    await copy(inputs, urn);
    return { id: randomBytes(4).toString("hex"), outs: stateOf(copyToRemote, inputs) };
  },

  /** A changed connection alone copies nothing: a replaced server needs its id in `triggers`. */
  async update(_client, _id, inputs, old, urn) {
    const moved = !equal(inputs["remotePath"], old.state["remotePath"]);
    if (moved || !equal(hash(inputs["source"]), hash(old.state["source"]))) await copy(inputs, urn);
    return stateOf(copyToRemote, inputs);
  },
};
