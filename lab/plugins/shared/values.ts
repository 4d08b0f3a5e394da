/** The wire form of special Pulumi values inside a plain JSON object, and the few operations the stand-ins need on it. */
export type Value = string | number | boolean | null | undefined | Value[] | Values;
/** A property bag as the engine sends it: secrets may be wrapped, unknowns are a sentinel string. */
export interface Values {
  [key: string]: Value;
}

/** Key and values that mark special objects, and the stand-in for an unknown value: fixed by Pulumi's protocol (sdk: `runtime/rpc`). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: Value): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Array.isArray with an element type. */
const isList = (value: Value): value is Value[] => Array.isArray(value);

const hasSignature = (value: Value, signature: string): boolean => isObject(value) && value[SIGNATURE] === signature;

export const isAsset = (value: Value): boolean => hasSignature(value, ASSET);
export const isArchive = (value: Value): boolean => hasSignature(value, ARCHIVE);

/** Wraps a value as a secret, unless it is one already. */
export function secret(value: Value): Value {
  return hasSignature(value, SECRET) ? value : { [SIGNATURE]: SECRET, value };
}

/** Removes every secret wrapper, at any depth. */
export function unwrap(value: Value): Value {
  if (isList(value)) return value.map(unwrap);
  if (!isObject(value)) return value;
  if (hasSignature(value, SECRET)) return unwrap(value["value"]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
}

/** {@link unwrap} for a whole property bag. */
export const unwrapAll = (values: Values): Values => unwrap(values) as Values;

export function containsSecret(value: Value): boolean {
  if (isList(value)) return value.some(containsSecret);
  if (!isObject(value)) return false;
  return hasSignature(value, SECRET) || Object.values(value).some(containsSecret);
}

export function containsUnknown(value: Value): boolean {
  if (value === UNKNOWN) return true;
  if (isList(value)) return value.some(containsUnknown);
  return isObject(value) && Object.values(value).some(containsUnknown);
}

/** Drops undefined and null members: the protocol's maps do not carry the first, and both mean "not given". */
export function compact<T extends Values>(values: T): Values {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [key, clean(value)]),
  );
}

function clean(value: Value): Value {
  if (isList(value)) return value.map(clean);
  return isObject(value) ? compact(value) : value;
}

/** Equality by content; the order of an object's keys does not matter. */
export function equal(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (isObject(a) && isObject(b)) {
    const left = compact(a);
    const right = compact(b);
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length && keys.every((key) => equal(left[key], right[key]));
  }
  return (a ?? undefined) === (b ?? undefined);
}

/** A scalar as text, e.g. for an address; "" for "not given". Throws for lists and objects, which the schema has kept out. */
export function text(value: Value): string {
  if (typeof value === "object" && value !== null) throw new Error("expected a scalar value");
  return value === undefined || value === null ? "" : String(value);
}
