import { z } from "zod";
import { strict, text, whole } from "./strict.js";

/** One page that is asked for, as a customer's browser would. */
export interface PageStep {
  /** What the step is called in what is printed. */
  name: string;
  /** Path and query at the shop, e.g. "/product/1". */
  page: string;
  /** Fields of a form that is posted; absent: the page is just opened. */
  form?: Record<string, string>;
  /** HTTP status at the end of all redirects, 100-599. Default 200. */
  status: number;
  /** Texts the page must have. Default none. */
  contains: string[];
  /** Values to be used later as `{{name}}`: a regular expression each, with one group. Default none. */
  save: Record<string, string>;
}

/** One question to a database of the host. */
export interface QueryStep {
  name: string;
  /** Name of a database job of the host. */
  database: string;
  /** SQL that prints one value. */
  query: string;
  prints: string;
}

/** `{{name}}` in a step stands for a value saved earlier, or for a secret of `granary:smokeSecrets`. */
export type SmokeStep = PageStep | QueryStep;

const NAME_RULE = "say in a few words what the step does, on one line";
const PATH_RULE = 'use a path at the shop, e.g. "/login"';
const PATTERN_RULE = 'use a regular expression with one group, e.g. name="csrf" value="([^"]+)"';
const VALUE = z.string({ error: "use text; write numbers in quotes" });

const name = text(/^[^\r\n]{1,80}$/, NAME_RULE);

const pattern = z.string({ error: PATTERN_RULE }).refine(hasOneGroup, { error: PATTERN_RULE });

const pageSchema = strict("a step with a page", {
  name,
  page: text(/^\/[^\s]*$/, PATH_RULE),
  form: z.record(z.string(), VALUE, { error: "give the form as a map from fields to texts" }).exactOptional(),
  status: whole("HTTP status", 100, 599).default(200),
  contains: z.array(VALUE, { error: "give a list of texts" }).default([]),
  save: z
    .record(z.string().regex(/^\w+$/), pattern, { error: "give a map from names (letters, digits, _) to patterns" })
    .default({}),
});

const querySchema = strict("a step with a query", {
  name,
  database: text(/^[a-z][a-z0-9-]{0,30}$/, "use the name of a database job of this host"),
  query: text(/\S/, "use SQL that prints one value"),
  prints: VALUE,
});

/** Which of the two a step is, its `query` says. */
const stepSchema = z.unknown().transform((raw, ctx): SmokeStep => {
  const isQuery = typeof raw === "object" && raw !== null && "query" in raw;
  const result = isQuery ? querySchema.safeParse(raw) : pageSchema.safeParse(raw);
  if (result.success) return result.data;
  ctx.issues.push(...(result.error.issues as z.core.$ZodRawIssue[]));
  return z.NEVER;
});

export const smokeSchema = z.array(stepSchema, { error: "give a list of steps" }).default([]);

function hasOneGroup(source: string): boolean {
  try {
    return new RegExp(`${source}|`).exec("")!.length === 2;
  } catch {
    return false;
  }
}
