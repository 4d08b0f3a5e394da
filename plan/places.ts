/** The tables stand with the settings, which refuse any other name; the plan reads countries from them. */
export { HETZNER_LOCATIONS, R2_PLACES, SPACES_REGIONS } from "../settings/places.js";
