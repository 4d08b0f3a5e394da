import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Cost } from "../../plan/cost.js";
import { granaryIn } from "./granary.js";

const ROOT = join(import.meta.dirname, "../..");
const cost = (...args: string[]) => granaryIn(ROOT, "cost", ...args);

describe("granary cost", () => {
  it("shows each place, the sum in three currencies, and where the prices are from", async () => {
    const { code, out, err } = await cost();
    expect([code, err]).toEqual([0, ""]);
    for (const line of [
      /^ {2}spaces +Spaces +\d/m,
      /^ {2}r2 +R2 +\d/m,
      /^ {2}box +Storage Box bx11 +\S+ 4\.00 /m,
      /^ {2}drill +server cx23, 1 h +-, 0\.01/m,
      /^ {2}month 60 +\d+\.\d\d +\d+\.\d\d +[\d,]+$/m,
      /r2: 162,072 writes a month: 16 % of what an account has free/,
      /^ {2}R2 +2026-11-22 +developers\.cloudflare\.com/m,
      /1 EUR = 1\.0411 USD .*2025-02-28; --usd RATE/,
      /about €15 a month in all/,
    ])
      expect(out).toMatch(line);
  });

  it("takes sizes, growth and a rate", async () => {
    const { out } = await cost("--size", "shop/orders=2.5", "--growth", "0", "--usd", "1.25", "--json");
    const { assumptions, items, total } = JSON.parse(out) as Cost;
    expect(assumptions).toMatchObject({ growth: 0, usdPerEur: 1.25, sizes: { "shop/orders": 2.5, "shop/media": 20 } });
    expect(items[0]!.months[0]!.cost).toMatchObject({ eur: 4, usd: 5, xof: 2624 });
    expect(total.map(({ month }) => month)).toEqual([1, 12, 60]);
    expect((await cost("--usd", "1.25")).out).toMatch(/1 EUR = 1\.25 USD +given/);
  });

  it.each([
    [["--size", "shop/nothing=1"], /bad --size "shop\/nothing=1": use NAME=GIB with one of shop\/orders,/],
    [["--size", "shop/orders"], /bad --size "": use a number/],
    [["--size", "shop/orders=1=2"], /bad --size/],
    [["--growth", "-1"], /growth/],
    [["--growth", "101"], /bad --growth "101": use a number from 0 to 100/],
    [["--usd", "0"], /bad --usd "0"/],
    [["--stack", "../prod"], /bad stack name/],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await cost(...args);
    expect(code).toBe(64);
    expect(err).toMatch(message);
  });

  it("helps", async () => expect((await cost("--help")).out).toMatch(/^usage: granary cost/));
});
