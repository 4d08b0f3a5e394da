import * as pulumi from "@pulumi/pulumi";
import type { SshKeyPair } from "./local-secret.js";

/**
 * The metadata service hands a server's user data, and the host key in it, to whoever asks from the server. Containers'
 * requests are forwarded, so a rule in the forward hook keeps a hijacked shop away from it.
 */
const METADATA_RULES = `table inet granary_metadata {
  chain forward {
    type filter hook forward priority -10;
    ip daddr 169.254.169.254 drop
  }
}
`;

const METADATA_UNIT = `[Unit]
Description=Keep containers away from the cloud's metadata service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/granary-metadata.nft
ExecStop=/usr/sbin/nft delete table inet granary_metadata

[Install]
WantedBy=multi-user.target
`;

/** First boot of a server, for cloud-init: its host key, Docker, and the rule above. Secret: it holds the host key. */
export function userData(hostKey: SshKeyPair): pulumi.Output<string> {
  const text = pulumi.all([hostKey.privateKey, hostKey.publicKey]).apply(([privateKey, publicKey]) => {
    const config = {
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: privateKey, ed25519_public: `${publicKey}\n` },
      package_update: true,
      packages: ["docker.io", "docker-compose", "iptables", "nftables"],
      write_files: [
        { path: "/etc/granary-metadata.nft", content: METADATA_RULES },
        { path: "/etc/systemd/system/granary-metadata.service", content: METADATA_UNIT },
      ],
      runcmd: [
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", "--now", "granary-metadata.service"],
      ],
    };
    // JSON is YAML: no quoting of our own.
    return `#cloud-config\n${JSON.stringify(config, null, 1)}\n`;
  });
  return pulumi.secret(text);
}
