import type { PageStep, QueryStep, SmokeStep } from "../../settings/schema.js";
import { Browser, type Shop } from "./browser.js";

/** What the steps are tried on. */
export interface SmokeTarget extends Shop {
  /** By name, for `{{name}}`; never shown. */
  secrets: Record<string, string>;
  /** Asks a database of the host. @returns what it printed */
  sql(job: string, query: string): Promise<string>;
}

export interface StepResult {
  name: string;
  ok: boolean;
  seconds: number;
  /** What was found, without secrets; "as expected" when it is good. */
  found: string;
}

export interface SmokeResult {
  /** True only when there were steps and each was as expected. */
  ok: boolean;
  steps: StepResult[];
}

/** Values saved by earlier steps, and the secrets. */
type Values = Map<string, string>;

/**
 * Does what a customer does, step by step, and stops at the first that fails: what comes after builds on it.
 * Never throws: a shop that does not answer is a failed step.
 */
export async function runSmoke(steps: SmokeStep[], target: SmokeTarget): Promise<SmokeResult> {
  const browser = new Browser(target);
  const values: Values = new Map(Object.entries(target.secrets));
  const results: StepResult[] = [];
  for (const step of steps) {
    const start = performance.now();
    const fault = await tryStep(step, browser, values, target).catch((error: unknown) => said(error));
    const seconds = Math.round((performance.now() - start) / 10) / 100;
    results.push({ name: step.name, ok: fault === undefined, seconds, found: hidden(fault ?? "as expected", target) });
    if (fault !== undefined) break;
  }
  return { ok: results.length > 0 && results.length === steps.length && results.every(({ ok }) => ok), steps: results };
}

/** @returns what is wrong, or undefined */
function tryStep(step: SmokeStep, browser: Browser, values: Values, target: SmokeTarget): Promise<string | undefined> {
  return "query" in step ? tryQuery(step, values, target) : tryPage(step, browser, values);
}

async function tryPage(step: PageStep, browser: Browser, values: Values): Promise<string | undefined> {
  const form = step.form && Object.fromEntries(Object.entries(step.form).map(([k, v]) => [k, filled(v, values)]));
  const page = await browser.open(filled(step.page, values, encodeURIComponent), form);
  if (page.status !== step.status) return `${page.path} answered ${page.status}, not ${step.status}`;
  const missing = step.contains.map((text) => filled(text, values)).find((text) => !page.text.includes(text));
  if (missing !== undefined) return `${page.path} does not have "${missing}"`;
  for (const [name, pattern] of Object.entries(step.save)) {
    const value = new RegExp(pattern).exec(page.text)?.[1];
    if (value === undefined) return `${page.path} has nothing that fits ${pattern}, to be saved as ${name}`;
    values.set(name, unescaped(value));
  }
  return undefined;
}

async function tryQuery(step: QueryStep, values: Values, target: SmokeTarget): Promise<string | undefined> {
  const quote = (value: string): string => value.replaceAll("'", "''");
  const printed = (await target.sql(step.database, filled(step.query, values, quote))).trim();
  const expected = filled(step.prints, values);
  return printed === expected ? undefined : `the database printed "${printed.slice(0, 200)}", not "${expected}"`;
}

/** @throws Error when a value was never saved */
function filled(text: string, values: Values, change = (value: string): string => value): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value !== undefined) return change(value);
    throw new Error(`there is no value {{${name}}}: save it in an earlier step, or set it in granary:smokeSecrets`);
  });
}

/** Values in HTML attributes are escaped; a browser posts what they stand for. */
function unescaped(text: string): string {
  const entities: Record<string, string> = {
    quot: '"',
    "#34": '"',
    "#39": "'",
    "#x27": "'",
    lt: "<",
    gt: ">",
    amp: "&",
  };
  return text.replaceAll(/&(quot|#34|#39|#x27|lt|gt|amp);/g, (_, name: string) => entities[name]!);
}

function said(error: unknown): string {
  return error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
}

/** A shop may show what was typed into it; a path and a query hold it in another spelling. */
function hidden(text: string, { secrets }: SmokeTarget): string {
  return Object.values(secrets)
    .filter((secret) => secret !== "")
    .flatMap((secret) => [secret, encodeURIComponent(secret), secret.replaceAll("'", "''")])
    .reduce((shown, secret) => shown.replaceAll(secret, "(secret)"), text);
}
