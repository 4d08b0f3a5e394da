import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { heldAddress, recordType } from "../plan/dns.js";
import type { Dns, Settings } from "../settings/schema.js";

export interface ShopNameArgs {
  /** The name customers type. */
  domain: string;
  dns: Dns;
  /** Where it leads: the host's address, or that of the lost one while it is being brought back. */
  address: pulumi.Input<string>;
}

/**
 * The name customers type, at Cloudflare. Its lifetime is short, so that a new server is found within a minute. Answers come
 * from Cloudflare's name servers alone: the shop's own TLS is what customers see.
 */
export class ShopName extends pulumi.ComponentResource {
  constructor(name: string, args: ShopNameArgs, options?: pulumi.ComponentResourceOptions) {
    super("granary:hosts:ShopName", name, {}, options);
    const { domain, dns } = args;
    const zone = cloudflare.getZoneOutput({ filter: { name: dns.zone, match: "all" } }, { parent: this });
    const address = pulumi.output(args.address);
    new cloudflare.DnsRecord(
      name,
      {
        zoneId: zone.zoneId,
        name: domain,
        type: address.apply(recordType),
        content: address,
        ttl: dns.ttl,
        proxied: false,
        comment: "kept by Granary",
      },
      // Without it nobody finds the shop.
      { parent: this, protect: true },
    );
    this.registerOutputs({});
  }
}

/** The names of all shops that have one; one whose host is being brought back stays where it was. */
export function nameShops(
  { hosts, recovery }: Settings,
  made: (readonly [string, { address: pulumi.Input<string> }])[],
): void {
  for (const [name, { address }] of made) {
    const { app } = hosts[name]!;
    if (app?.dns === undefined) continue;
    new ShopName(`${name}-name`, { domain: app.domain, dns: app.dns, address: heldAddress(name, recovery) ?? address });
  }
}
