/** Where the vendors' regions are: what "another country" in the proof rests on. Checked 2026-11-22. */

/** DigitalOcean Spaces regions → ISO 3166-1 alpha-2 country. Source: DigitalOcean's list of Spaces regions. */
export const SPACES_REGIONS: Readonly<Record<string, string>> = {
  ams3: "NL",
  atl1: "US",
  blr1: "IN",
  fra1: "DE",
  lon1: "GB",
  nyc3: "US",
  sfo2: "US",
  sfo3: "US",
  sgp1: "SG",
  syd1: "AU",
  tor1: "CA",
};

/** Hetzner locations → ISO 3166-1 alpha-2 country. Source: Hetzner Cloud's list of locations. */
export const HETZNER_LOCATIONS: Readonly<Record<string, string>> = {
  ash: "US",
  fsn1: "DE",
  hel1: "FI",
  hil: "US",
  nbg1: "DE",
  sin: "SG",
};

/** R2's location hints. */
export const R2_LOCATIONS = ["weur", "eeur", "wnam", "enam", "apac", "oc"] as const;
/** R2's jurisdictions: a guarantee of where data stays, where a location is a hint. */
export const R2_JURISDICTIONS = ["default", "eu", "fedramp"] as const;

/** R2 location hints → the part of the world they mean: Cloudflare promises no country. */
export const R2_PLACES: Readonly<Record<string, string>> = {
  apac: "Asia-Pacific",
  eeur: "eastern Europe",
  enam: "eastern North America",
  oc: "Oceania",
  weur: "western Europe",
  wnam: "western North America",
};
