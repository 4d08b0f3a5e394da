import type { Resource } from "../shared/resource.js";
import { ApiError, items, unlessGone } from "../shared/rest.js";
import { list, map, number, object, string, type Failure } from "../shared/schema.js";
import { compact, equal, text, type Values } from "../shared/values.js";
import { labels, labelState, settled, the, type Hetzner } from "./client.js";

const wireRule = (rule: Values): Values =>
  compact({
    direction: rule["direction"],
    protocol: rule["protocol"],
    port: rule["port"],
    source_ips: rule["sourceIps"],
    destination_ips: rule["destinationIps"],
    description: rule["description"],
  });

const ips = (value: Values[string]): Values[string] => (Array.isArray(value) && value.length > 0 ? value : undefined);

const state = (firewall: Values): Values => ({
  name: firewall["name"],
  ...labelState(firewall),
  rules: items(firewall, "rules").map((rule) =>
    compact({
      direction: rule["direction"],
      protocol: rule["protocol"],
      port: rule["port"],
      sourceIps: ips(rule["source_ips"]),
      destinationIps: ips(rule["destination_ips"]),
      description: rule["description"],
    }),
  ),
});

const rules = (inputs: Values): Values[] => items(inputs, "rules").map(wireRule);

/** The API's own conditions, checked by the official plugin beforehand. */
function check(inputs: Values): Failure[] {
  return items(inputs, "rules").flatMap((rule, i) => {
    const needsPort = rule["protocol"] === "tcp" || rule["protocol"] === "udp";
    const needed = rule["direction"] === "in" ? "sourceIps" : "destinationIps";
    return [
      ...(needsPort && !rule["port"]
        ? [{ property: `rules[${i}].port`, reason: "a port is required for tcp and udp" }]
        : []),
      ...(rule[needed]
        ? []
        : [{ property: `rules[${i}].${needed}`, reason: `${needed} is required for this direction` }]),
    ];
  });
}

export const firewall: Resource<Hetzner> = {
  token: "hcloud:index/firewall:Firewall",
  inputs: {
    name: string(),
    labels: map(string()),
    rules: list(
      object({
        direction: string({ required: true, oneOf: ["in", "out"] }),
        protocol: string({ required: true, oneOf: ["icmp", "udp", "tcp", "gre", "esp"] }),
        port: string(),
        sourceIps: list(string()),
        destinationIps: list(string()),
        description: string(),
      }),
    ),
    applyTos: list(object({ labelSelector: string(), server: number() }), { computed: true, unread: true }),
  },
  outputs: {},
  autoName: true,
  check,

  async create({ api }, inputs) {
    const applyTo = items(inputs, "applyTos").map((to) =>
      to["server"] === undefined
        ? { type: "label_selector", label_selector: { selector: to["labelSelector"] } }
        : { type: "server", server: { id: to["server"] } },
    );
    const body = {
      name: inputs["name"],
      ...labels(inputs),
      ...(rules(inputs).length > 0 ? { rules: rules(inputs) } : {}),
      ...(applyTo.length > 0 ? { apply_to: applyTo } : {}),
    };
    const id = text(the(await api.send("POST", "/firewalls", body), "firewall")["id"]);
    return { id, outs: state(the(await api.send("GET", `/firewalls/${id}`), "firewall")) };
  },

  async read({ api }, id) {
    const answer = await unlessGone(api.send("GET", `/firewalls/${id}`));
    return answer && state(the(answer, "firewall"));
  },

  async update(client, id, inputs, old) {
    const { api } = client;
    if (!equal(inputs["name"], old.inputs["name"]) || !equal(inputs["labels"], old.inputs["labels"])) {
      await api.send("PUT", `/firewalls/${id}`, { name: inputs["name"], labels: inputs["labels"] ?? {} });
    }
    if (!equal(inputs["rules"], old.inputs["rules"])) {
      const answer = await api.send("POST", `/firewalls/${id}/actions/set_rules`, { rules: rules(inputs) });
      for (const action of items(answer, "actions")) await settled(client, { action });
    }
    return state(the(await api.send("GET", `/firewalls/${id}`), "firewall"));
  },

  /** A firewall that a server being deleted still uses is tried again, as the official plugin does. */
  async delete({ api, pollInterval }, id) {
    if ((await unlessGone(api.send("GET", `/firewalls/${id}`))) === undefined) return;
    for (let attempt = 1; ; attempt++) {
      try {
        await unlessGone(api.send("DELETE", `/firewalls/${id}`));
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "resource_in_use" || attempt === 10) throw error;
        await new Promise((resolve) => setTimeout(resolve, pollInterval));
      }
    }
  },
};
