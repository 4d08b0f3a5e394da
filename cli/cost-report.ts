/** What `granary cost` found out, as tables for people. */
import { MONTHS, type Cost, type Item, type Money } from "../plan/cost.js";
import { BOXES, R2, SERVERS, SPACES, USD, XOF } from "../plan/prices.js";
import { rows } from "./table.js";

/** What the procedure that Granary makes reproducible names, for a shop of its size. */
const PROCEDURE = "Spaces $5, archive $5, Storage Box €4, or R2 at $1.50 per 100 GB: about €15 a month in all";

/** The tables. */
export function costText({ items, total, assumptions }: Cost): string {
  const heads = ["first month", ...MONTHS.slice(1).map((month) => `month ${month}`)];
  const table = rows([
    ["", "billed as", ...heads.map((head) => `${head}, GiB, EUR`)],
    ...items.map((item) => [item.name, item.what, ...item.months.map((month) => cell(month))]),
    ["total", "", ...total.map(({ eur, complete }) => `${eur.toFixed(2)}${complete ? "" : " and what has no price"}`)],
  ]);
  const currencies = rows([
    ["a month", "EUR", "USD", "XOF"],
    ...total.map((sum, i) => [heads[i]!, sum.eur.toFixed(2), sum.usd.toFixed(2), sum.xof.toLocaleString("en")]),
  ]);
  const sizes = Object.entries(assumptions.sizes).map(([name, gib]) => `${name} ${gib} GiB`);
  return [
    ...table,
    "",
    ...currencies,
    "",
    ...items.flatMap(notes),
    `  sizes of one backup: ${sizes.join(", ") || "none"}; growth ${+(assumptions.growth * 100).toFixed(2)} % a month`,
    `  the procedure's own figures: ${PROCEDURE}. Why these differ: docs/cost.md`,
    "",
    "prices without VAT:",
    ...priceLines(assumptions.usdPerEur),
    "",
  ].join("\n");
}

function cell({ standardGiB, infrequentGiB, cost }: Item["months"][number]): string {
  const gib = standardGiB + infrequentGiB;
  const stored = gib === 0 ? "-" : gib.toFixed(1);
  return `${stored}, ${cost === undefined ? "not known" : eur(cost)}`;
}

function eur({ eur: amount }: Money): string {
  return amount.toFixed(2);
}

function notes({ name, notes: all }: Item): string[] {
  return all.map((note) => `  ${name}: ${note}`);
}

function priceLines(usdPerEur: number): string[] {
  const rate = usdPerEur === USD.perEur ? `${USD.source}, ${USD.date}; --usd RATE for another` : "given";
  return rows([
    ["Spaces", SPACES.date, SPACES.source],
    ["R2", R2.date, R2.source],
    ["Storage Box", BOXES.date, BOXES.source],
    ["server", SERVERS.date, SERVERS.source],
    [`1 EUR = ${usdPerEur} USD`, "", rate],
    [`1 EUR = ${XOF.perEur} XOF`, "", XOF.source],
  ]);
}
