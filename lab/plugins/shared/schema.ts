/** What a resource's inputs must look like: the properties of the official package's SDK, and how each behaves. */
import { isArchive, isAsset, isObject, text, UNKNOWN, type Value, type Values } from "./values.js";

export type Type =
  | "string"
  | "number"
  | "boolean"
  | "any"
  | "assetOrArchive"
  | { list: Prop }
  | { map: Prop }
  | { object: Record<string, Prop> };

export interface Prop {
  type: Type;
  required?: boolean;
  /** Filled in at check. */
  default?: Value;
  /** The only values accepted (compared without regard to case where the official plugin does so). */
  oneOf?: readonly string[];
  /** Smallest number accepted. */
  min?: number;
  /** Largest number accepted. */
  max?: number;
  /** A change means a new resource. */
  replace?: boolean;
  /** Where the program gives nothing, the provider decides: leaving it out is never a change. */
  computed?: boolean;
  /** Never in the state in plain. */
  secret?: boolean;
  /** The vendor never tells it again: a refresh keeps what the program gave. */
  unread?: boolean;
}

export type Props = Record<string, Prop>;

export interface Failure {
  property: string;
  reason: string;
}

/** Short forms for the tables in the resource files. */
export const string = (more: Omit<Prop, "type"> = {}): Prop => ({ type: "string", ...more });
export const number = (more: Omit<Prop, "type"> = {}): Prop => ({ type: "number", ...more });
export const boolean = (more: Omit<Prop, "type"> = {}): Prop => ({ type: "boolean", ...more });
export const list = (item: Prop, more: Omit<Prop, "type"> = {}): Prop => ({ type: { list: item }, ...more });
export const map = (item: Prop, more: Omit<Prop, "type"> = {}): Prop => ({ type: { map: item }, ...more });
export const object = (members: Props, more: Omit<Prop, "type"> = {}): Prop => ({ type: { object: members }, ...more });

/** Every way in which `values` (plain, secrets unwrapped) does not fit `props`; paths are like `rules[0].port`. */
export function problems(props: Props, values: Values, path = ""): Failure[] {
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const unknown = Object.keys(values)
    .filter((key) => !(key in props) && key !== "__defaults")
    .map((key) => ({
      property: at(key),
      reason: `unknown property "${key}"; known are: ${Object.keys(props).join(", ")}`,
    }));
  const known = Object.entries(props).flatMap(([key, prop]) => propertyProblems(prop, values[key], at(key)));
  return [...unknown, ...known];
}

function propertyProblems(prop: Prop, value: Value, path: string): Failure[] {
  if (value === undefined || value === null) {
    return prop.required ? [{ property: path, reason: `missing required property "${path}"` }] : [];
  }
  if (value === UNKNOWN) return [];
  const fail = (reason: string): Failure[] => [{ property: path, reason }];
  if (typeof prop.type === "object") return nestedProblems(prop.type, value, path, fail);
  if (prop.type === "any") return [];
  if (prop.type === "assetOrArchive") {
    return isAsset(value) || isArchive(value) ? [] : fail(`expected an asset or an archive, got ${shown(value)}`);
  }
  return scalarProblems(prop, value, fail);
}

function nestedProblems(
  type: Exclude<Type, string>,
  value: Value,
  path: string,
  fail: (reason: string) => Failure[],
): Failure[] {
  if ("list" in type) {
    if (!Array.isArray(value)) return fail(`expected a list, got ${shown(value)}`);
    return value.flatMap((item, i) => propertyProblems({ ...type.list, required: true }, item, `${path}[${i}]`));
  }
  if (!isObject(value)) return fail(`expected an object, got ${shown(value)}`);
  if ("object" in type) return problems(type.object, value, path);
  return Object.entries(value).flatMap(([key, item]) => propertyProblems(type.map, item, `${path}.${key}`));
}

function scalarProblems(prop: Prop, value: Value, fail: (reason: string) => Failure[]): Failure[] {
  const scalar = coerce(prop, value);
  if (typeof scalar !== prop.type) return fail(`expected a ${prop.type as string}, got ${shown(value)}`);
  if (prop.oneOf && !prop.oneOf.includes(text(scalar))) {
    return fail(`expected one of ${prop.oneOf.join(", ")}, got ${shown(value)}`);
  }
  if (typeof scalar !== "number") return [];
  if (prop.min !== undefined && scalar < prop.min) return fail(`expected at least ${prop.min}, got ${scalar}`);
  return prop.max !== undefined && scalar > prop.max ? fail(`expected at most ${prop.max}, got ${scalar}`) : [];
}

/** A wrong value as shown in a message: its kind, and the text only of short scalars (a secret is long or never gets here). */
function shown(value: Value): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? `the string "${value}"` : `the ${typeof value} ${String(value)}`;
}

/** Brings a value to the schema's types: like the official bridge, numbers and booleans may arrive as strings. */
export function coerce(prop: Prop, value: Value): Value {
  if (value === UNKNOWN || value === undefined || value === null) return value ?? undefined;
  if (prop.type === "number" && typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value))) {
    return Number(value);
  }
  if (prop.type === "boolean" && (value === "true" || value === "false")) return value === "true";
  if (typeof prop.type !== "object") return value;
  if ("list" in prop.type) {
    const { list: item } = prop.type;
    return Array.isArray(value) ? value.map((inner) => coerce(item, inner)) : value;
  }
  if (!isObject(value)) return value;
  if ("object" in prop.type) return coerceAll(prop.type.object, value);
  const { map: item } = prop.type;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coerce(item, inner)]));
}

/** {@link coerce} for a whole property bag, with the defaults of nested objects filled in. */
export function coerceAll(props: Props, values: Values): Values {
  const result: Values = { ...values };
  for (const [key, prop] of Object.entries(props)) {
    const value = coerce(prop, values[key] ?? prop.default);
    if (value !== undefined) result[key] = value;
  }
  return result;
}
