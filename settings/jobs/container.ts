import { text } from "../strict.js";

/** A Docker container by name. */
export const containerSchema = text(
  /^[A-Za-z0-9][A-Za-z0-9_.-]+$/,
  "use a container's name as `docker ps` shows it, or leave it out for a native server",
);
