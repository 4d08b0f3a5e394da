import { z } from "zod";
import { strict } from "./strict.js";

/** How long backups are kept. The destination enforces the tiers; only `localDays` is the host's own. */
export interface Retention {
  /** Days a daily backup is kept. Default 30. */
  dailyDays: number;
  /** Months a monthly backup is kept. Default 12. */
  monthlyMonths: number;
  /** Years an annual backup is kept (invoices, tax). Default 5. */
  annualYears: number;
  /** Days a local copy stays on the host; never fewer than the last two verified ones. Default 7. */
  localDays: number;
}

export const retentionSchema: z.ZodType<Retention> = strict("retention", {
  dailyDays: z.number().default(30),
  monthlyMonths: z.number().default(12),
  annualYears: z.number().default(5),
  localDays: z.number().default(7),
}).prefault({});
