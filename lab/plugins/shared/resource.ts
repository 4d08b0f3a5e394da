/** One kind of resource of a stand-in plugin, and what can be decided about it without asking the vendor. */
import { randomBytes } from "node:crypto";
import { coerceAll, problems, type Failure, type Prop, type Props } from "./schema.js";
import {
  text,
  containsSecret,
  containsUnknown,
  equal,
  isObject,
  secret,
  UNKNOWN,
  unwrapAll,
  type Value,
  type Values,
} from "./values.js";

export interface Output {
  secret?: boolean;
  /** The value after an update is not known beforehand. */
  unknownOnUpdate?: boolean;
}

export interface Created {
  id: string;
  outs: Values;
}

/** What is known of a resource before an update: what the program gave then, and what the state says. Plain values. */
export interface Previous {
  inputs: Values;
  state: Values;
}

/** `Client` is what the plugin makes of its configuration: the way to reach the vendor. All values here are plain. */
export interface Resource<Client> {
  /** Pulumi's type token, as in the package's SDK. */
  token: string;
  inputs: Props;
  /** Properties of the state that the program cannot give. */
  outputs: Record<string, Output>;
  /** Make up a `name` where the program gives none: `<resource name>-<7 hex digits>`, like the official bridge. */
  autoName?: boolean;
  /** Rules that a property table cannot express. */
  check?(inputs: Values): Failure[];
  create(client: Client, inputs: Values, urn: string): Promise<Created>;
  /** The state as it really is; undefined when the resource is gone. Without it a refresh believes the state. */
  read?(client: Client, id: string, state: Values): Promise<Values | undefined>;
  update(client: Client, id: string, inputs: Values, old: Previous, urn: string): Promise<Values>;
  /** Without it deleting does nothing at the vendor's, as with the official plugin. */
  delete?(client: Client, id: string, state: Values, urn: string): Promise<void>;
}

/** A resource that exists although creating it failed half-way: the engine keeps it, and repairs it by an update. */
export class HalfCreatedError extends Error {
  constructor(
    readonly id: string,
    readonly outs: Values,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Does `first`, and where `rest` then fails reports the resource as half created. */
export async function finishing(id: string, outs: Values, rest: () => Promise<Values>): Promise<Created> {
  try {
    return { id, outs: await rest() };
  } catch (error) {
    throw new HalfCreatedError(id, outs, error);
  }
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

/** The inputs to keep, with defaults and a made-up name, and all that is wrong with them. */
export function check<C>(
  resource: Resource<C>,
  urn: string,
  olds: Values,
  news: Values,
): { inputs: Values; failures: Failure[] } {
  const inputs: Values = { ...news };
  if (resource.autoName) Object.assign(inputs, autoName(urn, olds, news));
  for (const [key, prop] of Object.entries(resource.inputs)) {
    if (inputs[key] === undefined && prop.default !== undefined) inputs[key] = prop.default;
    if (prop.secret && inputs[key] !== undefined) inputs[key] = secret(inputs[key]);
  }
  const plain = unwrapAll(inputs);
  const failures = problems(resource.inputs, plain);
  if (failures.length === 0 && resource.check) failures.push(...resource.check(coerceAll(resource.inputs, plain)));
  return { inputs, failures };
}

function autoName(urn: string, olds: Values, news: Values): Values {
  if (news["name"] !== undefined) return { __defaults: [] };
  const made = Array.isArray(olds["__defaults"]) && olds["__defaults"].includes("name");
  const name = made ? olds["name"] : `${nameOf(urn)}-${randomBytes(4).toString("hex").slice(0, 7)}`;
  return { name, __defaults: ["name"] };
}

export interface Difference {
  /** Top-level properties that change, with how. */
  changes: Record<string, "add" | "delete" | "update">;
  replaces: string[];
  deleteBeforeReplace: boolean;
}

/** What an update would change: what the program gives now against what it gave (a refresh has put reality there). */
export function diff<C>(resource: Resource<C>, olds: Values, news: Values): Difference {
  const before = coerceAll(resource.inputs, unwrapAll(olds));
  const after = coerceAll(resource.inputs, unwrapAll(news));
  const changes: Difference["changes"] = {};
  for (const [key, prop] of Object.entries(resource.inputs)) {
    if (same(prop, before[key], after[key])) continue;
    changes[key] = before[key] === undefined ? "add" : after[key] === undefined ? "delete" : "update";
  }
  const replaces = Object.keys(changes).filter((key) => resource.inputs[key]?.replace === true);
  const nameGiven =
    resource.autoName === true && Array.isArray(after["__defaults"]) && after["__defaults"].length === 0;
  const deleteBeforeReplace = replaces.length > 0 && nameGiven && equal(before["name"], after["name"]);
  return { changes, replaces, deleteBeforeReplace };
}

function same(prop: Prop, before: Value, after: Value): boolean {
  if (containsUnknown(after)) return false;
  return equal(before, after) || (prop.computed === true && after === undefined);
}

/** The state that a create would give, as far as it can be told beforehand. */
export function previewCreate<C>(resource: Resource<C>, inputs: Values): Values {
  const undecided = Object.entries(resource.inputs).filter(([key, prop]) => prop.computed && inputs[key] === undefined);
  const unknown = [...Object.keys(resource.outputs), ...undecided.map(([key]) => key)];
  return { ...stateOf(resource, inputs), ...Object.fromEntries(unknown.map((key) => [key, UNKNOWN])) };
}

/** The state that an update would give, as far as it can be told beforehand. */
export function previewUpdate<C>(resource: Resource<C>, state: Values, inputs: Values): Values {
  const unknown = Object.entries(resource.outputs).filter(([, output]) => output.unknownOnUpdate);
  const outputs = Object.entries(state).filter(
    ([key]) => key in resource.outputs || resource.inputs[key]?.computed === true,
  );
  return {
    ...Object.fromEntries(outputs),
    ...stateOf(resource, inputs),
    ...Object.fromEntries(unknown.map(([key]) => [key, UNKNOWN])),
  };
}

/** The inputs as they appear in the state: without the engine's bookkeeping, with nested defaults. */
export function stateOf<C>(resource: Resource<C>, inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(coerceAll(resource.inputs, inputs)).filter(([key]) => key in resource.inputs),
  );
}

/** After a refresh: the old inputs with reality's values, limited to what the program had given. */
export function inputsFrom<C>(resource: Resource<C>, inputs: Values, state: Values): Values {
  const entries = Object.entries(inputs).map(([key, old]): [string, Value] => {
    const prop = resource.inputs[key];
    return [key, prop === undefined || prop.unread ? old : project(old, state[key])];
  });
  return Object.fromEntries(entries);
}

/** `real` reduced to the members that `old` has, so that what the vendor adds by itself is no change. */
function project(old: Value, real: Value): Value {
  if (real === undefined && isZero(old)) return old;
  if (isObject(old) && isObject(real)) {
    return Object.fromEntries(Object.entries(old).map(([key, inner]) => [key, project(inner, real[key])]));
  }
  if (Array.isArray(old) && Array.isArray(real) && sameMembers(old, real)) return old;
  if (Array.isArray(old) && Array.isArray(real))
    return real.map((item, i) => (i < old.length ? project(old[i], item) : item));
  return !isObject(old) && !Array.isArray(old) && !isObject(real) && !Array.isArray(real) && text(old) === text(real)
    ? old
    : real;
}

/** Vendors give lists of ids and addresses in an order of their own. */
function sameMembers(a: Value[], b: Value[]): boolean {
  const sorted = (list: Value[]): string[] => list.map((item) => JSON.stringify(item)).sort();
  return equal(sorted(a), sorted(b));
}

/** An empty string, list or object, 0 and false: vendors answer nothing at all where the program gave one of these. */
const isZero = (value: Value): boolean =>
  value === "" ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && Object.keys(value ?? {}).length === 0);

/** Wraps what must not be in the state in plain: declared secrets, and whatever was secret in one of `origins`. */
export function protect<C>(resource: Resource<C>, values: Values, ...origins: Values[]): Values {
  const entries = Object.entries(values).map(([key, value]): [string, Value] => {
    const declared = resource.inputs[key]?.secret === true || resource.outputs[key]?.secret === true;
    const inherited = origins.some((origin) => containsSecret(origin[key]));
    return [key, (declared || inherited) && value !== undefined ? secret(value) : value];
  });
  return Object.fromEntries(entries);
}
