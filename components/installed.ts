/** Where a host keeps Granary's scripts; their layout is that of `scripts/`. */
export const INSTALLED = "/usr/local/lib/granary";
