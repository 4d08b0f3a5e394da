/** One thing that was compared. */
export interface Check {
  name: string;
  ok: boolean;
  expected: string;
  actual: string;
}
