import { describe, expect, it } from "vitest";
import { HETZNER_BOX_HOST_KEY } from "../../settings/copies/storage-box.js";
import { parseSettings } from "../../settings/parse.js";
import { scheduleSchema } from "../../settings/schedule.js";
import { ACCOUNT, ECDSA_KEY, example, HOST_KEY, RECIPIENTS, spoiled } from "./example.js";

describe("parseSettings", () => {
  it("fills in every default", () => {
    expect(parseSettings(example())).toEqual({
      encryption: { recipients: RECIPIENTS },
      copies: {
        spaces: { kind: "spaces", region: "fra1", bucket: "kolonell-backups" },
        r2: {
          kind: "r2",
          accountId: ACCOUNT,
          bucket: "kolonell-archive",
          location: "weur",
          jurisdiction: "default",
          lockDays: 30,
          infrequentAccessAfterDays: 30,
        },
        box: {
          kind: "storageBox",
          type: "bx11",
          location: "hel1",
          snapshots: { keep: 10, hourUtc: 5 },
          hostKey: HETZNER_BOX_HOST_KEY,
        },
      },
      hosts: {
        shop: {
          address: "203.0.113.10",
          hostKey: HOST_KEY,
          sshPort: 22,
          provider: "hetzner",
          country: "DE",
          jobs: {
            orders: {
              kind: "postgres",
              database: "mydb",
              user: "postgres",
              schedule: scheduleSchema.parse("03:00"),
              continuous: false,
              baseSchedule: scheduleSchema.parse("Sun 02:00"),
              slotKeep: "4GB",
            },
          },
        },
      },
      retention: { dailyDays: 30, monthlyMonths: 12, annualYears: 5, localDays: 7 },
    });
  });

  it("takes a mail server as it is written", () => {
    const email = { server: "smtp://[::1]:587", from: "granary@shop.example", to: ["a+b@c.example"], user: "a@b" };
    expect(parseSettings({ ...example(), alerts: { email } }).alerts).toEqual({ email });
  });

  it("keeps images of a server when told to, and not otherwise", () => {
    const server = (made: object) => {
      const hosts = { shop: { server: made, jobs: example().hosts.shop.jobs } };
      return parseSettings({ ...example(), hosts, ssh: { publicKey: HOST_KEY } }).hosts["shop"];
    };
    expect(server({ backups: true })).toMatchObject({ server: { backups: true } });
    expect((server({}) as { server: object }).server).not.toHaveProperty("backups");
  });

  it("knows where a server it makes will stand", () => {
    const host = { server: { location: "hel1" }, jobs: example().hosts.shop.jobs };
    const raw = { ...example(), hosts: { shop: host }, ssh: { publicKey: HOST_KEY } };
    expect(parseSettings(raw).hosts["shop"]).toMatchObject({
      server: { type: "cx23", location: "hel1", image: "debian-12" },
      provider: "hetzner",
      country: "FI",
      sshPort: 22,
    });
  });

  it("fills in what a drill needs", () => {
    expect(parseSettings({ ...example(), ssh: { publicKey: HOST_KEY }, drill: {} }).drill).toEqual({
      server: { type: "cx23", location: "nbg1", image: "debian-12" },
      keep: false,
      images: {},
    });
  });

  it.each(["shop.example", "2001:db8::1", "10.213.77.10"])("takes the address %s", (address) => {
    expect(parseSettings(spoiled("hosts.shop.address", address)).hosts["shop"]).toMatchObject({ address });
  });

  it("drops a host key's comment", () => {
    expect(parseSettings(spoiled("hosts.shop.hostKey", `${ECDSA_KEY} root@shop`)).hosts["shop"]).toMatchObject({
      hostKey: ECDSA_KEY,
    });
  });

  it("takes the same database in a container and natively, and an R2 location inside its jurisdiction", () => {
    const raw = spoiled("hosts.shop.jobs.native", {
      kind: "postgres",
      database: "mydb",
      container: "pg",
    }) as ReturnType<typeof example>;
    Object.assign(raw.copies.r2, { jurisdiction: "eu", location: "eeur" });
    expect(Object.keys(parseSettings(raw).hosts["shop"]?.jobs ?? {})).toEqual(["orders", "native"]);
  });

  it("takes a recovery that goes on", () => {
    const recovery = { host: "shop", since: "2026-11-23T18:00:00Z", dns: "203.0.113.9", sells: false };
    expect(parseSettings({ ...example(), recovery }).recovery).toEqual(recovery);
  });
});
