/** Two clocks that differ by more are not both right. */
export const CLOCK_TOLERANCE = 5 * 60_000;

/**
 * What is wrong with a clock that ages are counted by; undefined when it agrees with the store's own. Times in ms since
 * 1970. Deleting by age with a wrong clock deletes what is good.
 */
export function clockFault(here: number, store: number): string | undefined {
  const apart = Math.round((here - store) / 1000);
  if (Math.abs(here - store) <= CLOCK_TOLERANCE) return undefined;
  const how = apart > 0 ? "ahead of" : "behind";
  return (
    `this machine's clock is ${Math.abs(apart)} s ${how} the copy's (${new Date(here).toISOString()} and ` +
    `${new Date(store).toISOString()}): set it right first, nothing was removed`
  );
}
