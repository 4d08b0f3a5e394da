/**
 * The composition: settings, the proof that they keep the 3-2-1 rule, the copies, the hosts with their jobs.
 * `pulumi up` runs the default export; so does the Automation API, with this very function as its inline program.
 */
import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import { alertSecrets } from "./components/alerts.js";
import type { CopyComponent } from "./components/copy.js";
import { nameShops } from "./components/dns.js";
import { Host } from "./components/host.js";
import { databasePasswords } from "./components/passwords.js";
import { provisionReplicas } from "./components/replicas.js";
import { R2Copy } from "./components/r2-copy.js";
import { retiringOf } from "./components/retiring.js";
import { SpacesCopy } from "./components/spaces-copy.js";
import { sshAuth } from "./components/ssh.js";
import { StatusPage } from "./components/status-page.js";
import { StorageBoxCopy } from "./components/storage-box-copy.js";
import { costOf } from "./plan/cost.js";
import { assertProof } from "./plan/proof.js";
import { repositories } from "./plan/retention.js";
import { parseSettings } from "./settings/parse.js";
import { decoded, SECRET_KEYS } from "./settings/stack-file.js";
import type { Copy, Settings } from "./settings/schema.js";

function provision(name: string, copy: Copy, { retention, hosts, ssh }: Settings): CopyComponent {
  switch (copy.kind) {
    case "spaces":
      return new SpacesCopy(name, { copy, retention });
    case "r2":
      return new R2Copy(name, { copy, retention, repositories: repositories(hosts) });
    case "storageBox":
      return new StorageBoxCopy(name, { copy, maintainer: ssh?.publicKey });
  }
}

/** One for the whole stack, and only if a server is to be made: Hetzner takes the same key once a project. */
function loginKey({ hosts, ssh }: Settings): { loginKey?: hcloud.SshKey } {
  if (!Object.values(hosts).some((host) => "server" in host)) return {};
  return { loginKey: new hcloud.SshKey("login", { name: "granary", publicKey: ssh!.publicKey }) };
}

/** The plain settings; anything wrong with them stops the program before a provider is asked for anything. */
function readSettings(): Settings {
  const namespace = "granary:";
  const names = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(namespace))
    .map((key) => key.slice(namespace.length))
    .filter((name) => !SECRET_KEYS.includes(name));
  const config = new pulumi.Config("granary");
  return parseSettings(Object.fromEntries(names.map((name) => [name, decoded(config.get(name))])));
}

/** @throws SettingsError, ProofError or Error before anything is registered */
export default function granary(): Record<string, unknown> {
  const config = new pulumi.Config("granary");
  const settings = readSettings();
  const proof = assertProof(settings);
  const ssh = sshAuth(config);
  const passwords = databasePasswords(config, settings);
  const alerts = alertSecrets(config, settings);

  const copies = Object.fromEntries(
    Object.entries(settings.copies).map(([name, copy]) => [name, provision(name, copy, settings)]),
  );
  const replicas = provisionReplicas(settings, copies);
  const common = { settings, copies, replicas, ssh, passwords, alerts, ...loginKey(settings) };
  const hosts = Object.keys(settings.hosts).map((name) => [name, new Host(name, common)] as const);
  nameShops(settings, hosts);
  return {
    proof: proof.hosts,
    // A month in EUR, USD and XOF, by the sizes that `granary cost` takes when it is told none.
    cost: costOf(settings).total,
    // What `granary maintain` logs in with, and what opens the repositories of each host: a secret as a whole.
    maintenance: pulumi.secret({
      copies: Object.fromEntries(Object.entries(copies).map(([name, copy]) => [name, copy.maintenance()])),
      passwords: Object.fromEntries(hosts.map(([name, host]) => [name, host.repositoryPassword])),
    }),
    // What `granary rotate` tries: only of hosts whose credentials are being replaced.
    ...retiringOf(hosts.map(([name, host]) => [name, host.retiring])),
    // What `granary status` looks at the copies with.
    readers: Object.fromEntries(Object.entries({ ...copies, ...replicas }).map(([name, it]) => [name, it.reader()])),
    // What `granary status --publish` writes its page with.
    ...(settings.statusPage ? { statusPage: new StatusPage("status-page", settings.statusPage).access } : {}),
    hosts: Object.fromEntries(
      hosts.map(([name, host]) => [
        name,
        {
          address: host.address,
          hostKey: host.hostKey,
          sshPort: settings.hosts[name]!.sshPort,
          ...(host.deployKey ? { deployKey: host.deployKey } : {}),
        },
      ]),
    ),
  };
}
