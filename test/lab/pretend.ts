/** A plugin for the real engine that says yes to everything, but for what is on a host named in the file PRETEND_DEAD. */
import { readFileSync } from "node:fs";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { unwrapAll, type Values } from "../../lab/plugins/shared/values.js";
import { ANSWERS } from "../components/engine.js";

/** What the program reads of the resources it makes. */
const MADE = {
  ...{ stdout: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHOSTSOWNKEY", stderr: "" },
  ...{ accessKey: "ACCESS", secretKey: "SECRET", value: "TOKEN" },
  ...{ server: "u1.your-storagebox.de", username: "u1-sub1" },
};

const pretend: Provider = {
  version: process.env["PRETEND_VERSION"] ?? "0.0.0",
  check: (_urn, _olds, inputs) => Promise.resolve({ inputs: inputs as Record<string, unknown> }),
  diff: (_id, _urn, olds: Values, news: Values) =>
    Promise.resolve({ changes: Object.keys(news).some((key) => changed(key, olds, news)) }),
  create(_urn, inputs: Values) {
    const { connection } = unwrapAll(inputs) as { connection?: { host?: string } };
    const host = connection?.host;
    const dead = readFileSync(process.env["PRETEND_DEAD"]!, "utf8").trim().split("\n");
    if (host !== undefined && dead.includes(host)) throw new Error(`dial tcp ${host}:22: i/o timeout`);
    return Promise.resolve({ id: "7", outs: { ...MADE, ...inputs } });
  },
  invoke: (token) => Promise.resolve({ outputs: ANSWERS[token] }),
};

const changed = (key: string, olds: Values, news: Values): boolean =>
  JSON.stringify(olds[key]) !== JSON.stringify(news[key]);

await main(pretend, process.argv.slice(2));
