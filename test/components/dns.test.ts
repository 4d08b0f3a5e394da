import { describe, expect, it } from "vitest";
import { ShopName } from "../../components/dns.js";
import { record } from "./engine.js";
import { own } from "./fixtures.js";

const ZONE = { "cloudflare:index/getZone:getZone": { zoneId: "zone-1" } };
const dns = { zone: "shop.example", ttl: 60 };

describe("the name of a shop", () => {
  it("is one protected record in the zone, with a short life", async () => {
    const make = () => new ShopName("shop-name", { domain: "www.shop.example", dns, address: "203.0.113.10" });
    const { resources, calls } = await record(make, ZONE);
    expect(calls).toEqual(['cloudflare:index/getZone:getZone {"filter":{"match":"all","name":"shop.example"}}']);
    expect(resources.map(own)).toEqual([
      {
        type: "cloudflare:index/dnsRecord:DnsRecord",
        name: "shop-name",
        inputs: {
          ...{ zoneId: "zone-1", name: "www.shop.example", type: "A", content: "203.0.113.10", ttl: 60 },
          ...{ proxied: false, comment: "kept by Granary" },
        },
        parent: "granary:hosts:ShopName shop-name",
        protect: true,
      },
      { type: "granary:hosts:ShopName", name: "shop-name", inputs: {} },
    ]);
  });
});
