import { describe, expect, it } from "vitest";
import { alertFault, alertPairs, alertsOf } from "../../plan/alerts.js";

const JOBS = ["shop/orders", "shop/media"];
const ALL = {
  "ping/shop/orders": "https://hc-ping.com/PLANTED",
  webhook: "https://hooks.example/PLANTED",
  telegramToken: "123456:PLANTED",
  telegramChat: "-1001",
};

const RELAY = { server: "smtp://localhost", from: "granary@shop.example", to: ["a@b.example", "c@d.example"] };
const EMAIL = { ...RELAY, server: "smtps://mail.example", user: "granary" };

describe("granary:alertSecrets", () => {
  it("may be empty, or have all", () => {
    expect(alertFault({}, JOBS)).toBeUndefined();
    expect(alertFault(ALL, JOBS)).toBeUndefined();
    expect(alertFault({ ...ALL, emailPassword: "a b\\" }, JOBS, EMAIL)).toBeUndefined();
    expect(alertFault({}, JOBS, RELAY)).toBeUndefined();
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ email: "PLANTED" }, /^"email" is nothing that is known: use ping\/HOST\/JOB, webhook/],
    [{ "ping/shop/stock": "https://a.b/PLANTED" }, /is of no job \(there are: shop\/orders, shop\/media\)/],
    [{ "ping/shop/orders": "PLANTED" }, /"ping\/shop\/orders" \(not shown\) is wrong: use an address/],
    [{ webhook: 'https://a.b/"PLANTED' }, /"webhook" \(not shown\) is wrong/],
    [{ webhook: "https://a.b/PLANTED\nx" }, /"webhook" \(not shown\) is wrong/],
    [{ webhook: "https://a.b/PLANTED/" }, /does not end with \//],
    [{ webhook: 7 }, /"webhook" \(not shown\) is wrong/],
    [{ ...ALL, telegramToken: "PLANTED" }, /BotFather/],
    [{ ...ALL, telegramChat: "a PLANTED chat" }, /the chat's number/],
    [{ telegramChat: "-1001" }, /go together/],
  ])("%j is refused, and no value is shown", (secrets, message) => {
    const fault = alertFault(secrets, JOBS);
    expect(fault).toMatch(message);
    expect(fault).not.toContain("PLANTED");
  });

  it.each<[string, Record<string, unknown>, typeof RELAY | undefined, RegExp]>([
    ["a user without a password", {}, EMAIL, /^emailPassword and alerts\.email\.user of the settings go together/],
    ["a password without a user", { emailPassword: "PLANTED" }, RELAY, /go together/],
    ["a password without alerts", { emailPassword: "PLANTED" }, undefined, /go together/],
    ["a password of two lines", { emailPassword: "PLANTED\nurl = x" }, EMAIL, /"emailPassword" \(not shown\) is wrong/],
  ])("%s is refused", (_, secrets, email, message) => {
    const fault = alertFault(secrets, JOBS, email);
    expect(fault).toMatch(message);
    expect(fault).not.toContain("PLANTED");
  });

  it("gives every job the mail server, and its password if it asks for one", () => {
    const pairs = (secrets: Record<string, string>, email: typeof RELAY) =>
      alertPairs(alertsOf(secrets, "shop", "orders"), email);
    const relay = {
      GRANARY_ALERT_EMAIL_SERVER: "smtp://localhost",
      GRANARY_ALERT_EMAIL_FROM: "granary@shop.example",
      GRANARY_ALERT_EMAIL_TO: "a@b.example c@d.example",
    };
    expect(pairs({}, RELAY)).toEqual(relay);
    expect(pairs({ emailPassword: "secret" }, EMAIL)).toEqual({
      ...relay,
      GRANARY_ALERT_EMAIL_SERVER: "smtps://mail.example",
      GRANARY_ALERT_EMAIL_USER: "granary",
      GRANARY_ALERT_EMAIL_PASSWORD: "secret",
    });
    expect(pairs({}, EMAIL)).not.toHaveProperty("GRANARY_ALERT_EMAIL_PASSWORD");
  });

  it("gives a job its own ping, and everybody the rest", () => {
    expect(alertPairs(alertsOf(ALL, "shop", "orders"))).toEqual({
      GRANARY_ALERT_PING: "https://hc-ping.com/PLANTED",
      GRANARY_ALERT_WEBHOOK: "https://hooks.example/PLANTED",
      GRANARY_ALERT_TELEGRAM_TOKEN: "123456:PLANTED",
      GRANARY_ALERT_TELEGRAM_CHAT: "-1001",
    });
    expect(alertsOf(ALL, "shop", "media")).not.toHaveProperty("ping");
    expect(alertPairs(alertsOf({}, "shop", "orders"))).toEqual({});
  });
});
