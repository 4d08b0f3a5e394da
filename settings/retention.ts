import type { z } from "zod";
import { strict, whole } from "./strict.js";

/** How long backups are kept. The destination enforces the tiers; only `localDays` is the host's own. */
export interface Retention {
  /** Days a daily backup is kept, 1-3650. Default 30. */
  dailyDays: number;
  /** Months a monthly backup is kept, 1-120. Default 12. */
  monthlyMonths: number;
  /** Years an annual backup is kept (invoices, tax), 1-50. Default 5. */
  annualYears: number;
  /** Days a local copy stays on the host, 1-365; never fewer than the last two verified ones. Default 7. */
  localDays: number;
}

export const retentionSchema: z.ZodType<Retention> = strict("retention", {
  dailyDays: whole("days", 1, 3650).default(30),
  monthlyMonths: whole("months", 1, 120).default(12),
  annualYears: whole("years", 1, 50).default(5),
  localDays: whole("days", 1, 365).default(7),
}).prefault({});
