/** Access settings of Storage Boxes and their sub-accounts, between the program's names and the wire's. */
import { boolean, object, type Prop } from "../shared/schema.js";
import type { Value, Values } from "../shared/values.js";

/** In the order of the wire; all default to false (provider documentation). */
const NAMES: Record<string, string> = {
  reachableExternally: "reachable_externally",
  readonly: "readonly",
  sambaEnabled: "samba_enabled",
  sshEnabled: "ssh_enabled",
  webdavEnabled: "webdav_enabled",
  zfsEnabled: "zfs_enabled",
};

/** The property of a resource that knows the settings `keys`. */
export const accessSettings = (...keys: string[]): Prop =>
  object(Object.fromEntries(keys.map((key) => [key, boolean({ default: false })])), { computed: true });

/** From the program to the wire. */
export const accessToWire = (settings: Value): Values =>
  Object.fromEntries(Object.entries((settings ?? {}) as Values).map(([key, on]) => [NAMES[key] ?? key, on]));

/** From the wire to the state. */
export function accessFromWire(settings: Value): Values {
  const real = (settings ?? {}) as Values;
  const known = Object.entries(NAMES).filter(([, wire]) => wire in real);
  return Object.fromEntries(known.map(([name, wire]) => [name, real[wire]]));
}
