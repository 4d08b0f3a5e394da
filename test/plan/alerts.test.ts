import { describe, expect, it } from "vitest";
import { alertFault, alertPairs, alertsOf } from "../../plan/alerts.js";

const JOBS = ["shop/orders", "shop/media"];
const ALL = {
  "ping/shop/orders": "https://hc-ping.com/PLANTED",
  webhook: "https://hooks.example/PLANTED",
  telegramToken: "123456:PLANTED",
  telegramChat: "-1001",
};

describe("granary:alertSecrets", () => {
  it("may be empty, or have all", () => {
    expect(alertFault({}, JOBS)).toBeUndefined();
    expect(alertFault(ALL, JOBS)).toBeUndefined();
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
