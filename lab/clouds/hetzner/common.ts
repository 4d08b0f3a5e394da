import { z } from "zod";
import { ApiError, type Call, param } from "../router.js";
import type { Store } from "../store.js";
import type { HostHooks } from "../types.js";
import type { Actions } from "./actions.js";
import type { HetznerState } from "./state.js";

/** What each area of the Hetzner API works with. */
export interface Project {
  state: HetznerState;
  store: Store;
  actions: Actions;
  hooks: HostHooks;
  domain: string;
}

/** Labels: string to string, as Hetzner's; the key's syntax is checked, the value's length too. */
export const labels = z.record(z.string().regex(/^[a-zA-Z0-9]([\w./-]*[a-zA-Z0-9])?$/), z.string().max(63));

/** One page of a list, filtered by `name` and `label_selector`, with Hetzner's pagination (25 a page, 50 at most). */
export function page<T extends { id: number; name?: string; labels?: Record<string, string> }>(
  call: Call,
  key: string,
  all: T[],
  render: (item: T) => unknown = (item) => item,
): unknown {
  const name = call.query.get("name");
  const selector = call.query.get("label_selector");
  const items = all
    .filter((item) => name === null || item.name === name)
    .filter((item) => selector === null || selects(selector, item.labels ?? {}))
    .sort((a, b) => a.id - b.id);
  const current = number(call, "page", 1, Number.MAX_SAFE_INTEGER);
  const perPage = number(call, "per_page", 25, 50);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  return {
    [key]: items.slice((current - 1) * perPage, current * perPage).map(render),
    meta: {
      pagination: {
        page: current,
        per_page: perPage,
        previous_page: current > 1 ? current - 1 : null,
        next_page: current < last ? current + 1 : null,
        last_page: last,
        total_entries: items.length,
      },
    },
  };
}

function number(call: Call, name: string, fallback: number, most: number): number {
  const text = call.query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw invalid(name, `'${text}' is not between 1 and ${most}`);
  return value;
}

/** Equality and presence, the forms `a`, `!a`, `a=b`, `a==b`, `a!=b`, joined by commas. */
function selects(selector: string, found: Record<string, string>): boolean {
  return selector.split(",").every((term) => {
    const [, not, key = "", operator, value = ""] = /^(!?)([^!=]+)(==|!=|=)?(.*)$/.exec(term.trim()) ?? [];
    if (key === "") throw invalid("label_selector", `'${term}' is not understood`);
    if (operator === undefined) return (found[key] !== undefined) !== (not === "!");
    return (found[key] === value) === (operator !== "!=");
  });
}

/** The record that the path's `:id` names, or 404. */
export function byId<T>(call: Call, records: Record<string, T>, what: string, name = "id"): T {
  const id = param(call, name);
  const record = records[id];
  if (!record) throw new ApiError(404, "not_found", `${what} with ID '${id}' not found`);
  return record;
}

/** Refuses a name that another record has. */
export function assertUnique(name: string, records: { id: number; name: string }[], self?: number): void {
  if (records.some((record) => record.name === name && record.id !== self))
    throw new ApiError(409, "uniqueness_error", `name is already used: '${name}'`);
}

export function assertDeletable(deleteProtection: boolean, what: string): void {
  if (deleteProtection) throw new ApiError(423, "protected", `${what} is protected against deletion`);
}

export function invalid(field: string, problem: string): ApiError {
  return new ApiError(422, "invalid_input", `invalid input in field '${field}': ${problem}`);
}
