/** What the providers ask, without VAT. Prices move: each has the day it was looked up and where it stood. */

/** A price list and where it comes from. */
interface Dated {
  /** Day it was looked up, or the day it held. */
  date: string;
  source: string;
}

/** One subscription an account, whatever its buckets are. USD. */
export interface SpacesPrices extends Dated {
  monthly: number;
  includedGiB: number;
  perGiB: number;
  includedOutGiB: number;
  perOutGiB: number;
}

/** By an account, each quantity rounded up to the next whole unit, as Cloudflare does. USD; GB of 10^9 bytes. */
export interface R2Prices extends Dated {
  perGB: number;
  freeGB: number;
  /** Writes and listings, by the million. */
  perMillionA: number;
  freeMillionA: number;
  /** Reads, by the million. */
  perMillionB: number;
  freeMillionB: number;
  /** Infrequent Access: nothing is free, and an object is billed for 30 days at least. */
  infrequentPerGB: number;
}

export const SPACES: SpacesPrices = {
  date: "2026-11-22",
  source: "digitalocean.com/pricing/spaces-object-storage; the price of more traffic from comparisons of third parties",
  monthly: 5,
  includedGiB: 250,
  perGiB: 0.02,
  includedOutGiB: 1024,
  perOutGiB: 0.01,
};

export const R2: R2Prices = {
  date: "2026-11-22",
  source: "developers.cloudflare.com/r2/pricing",
  perGB: 0.015,
  freeGB: 10,
  perMillionA: 4.5,
  freeMillionA: 1,
  perMillionB: 0.36,
  freeMillionB: 10,
  infrequentPerGB: 0.01,
};

/** EUR a month by type. A type that is not here has no price that could be looked up. */
export const BOXES: Dated & { monthly: Readonly<Record<string, number>> } = {
  date: "2026-11-22",
  source: "third parties, which say 3.20 to 4.00; the higher",
  monthly: { bx11: 4 },
};

/** GiB each type holds: Hetzner's TB, taken as 10^12 bytes. */
export const BOX_GIB: Readonly<Record<string, number>> = { bx11: 931, bx21: 4656, bx31: 9313, bx41: 18626 };

/** EUR an hour by type, on or off; a part of an hour counts as one. */
export const SERVERS: Dated & { hourly: Readonly<Record<string, number>> } = {
  date: "2026-11-25",
  source: "docs.cnap.tech/compute/providers/hetzner, a third party",
  hourly: { cax11: 0.004, cx23: 0.006, cx33: 0.011, cx43: 0.021, cax21: 0.007, cax31: 0.013 },
};

/** Dollars a euro buys. */
export const USD: Dated & { perEur: number } = {
  date: "2025-02-28",
  source: "reference rate of the European Central Bank",
  perEur: 1.0411,
};

/** Fixed since 1999. */
export const XOF: Dated & { perEur: number } = {
  date: "1999-01-01",
  source: "the fixed parity of the CFA franc, BCEAO",
  perEur: 655.957,
};
