/** Changes of what the probe prints of a host that is well. */

export type Spoil = (text: string) => string;

/** The content of a file is another one. */
export function change(file: string): Spoil {
  return (text) => text.replace(new RegExp(`^[0-9a-f]{64}(?=  ${escaped(file)}$)`, "m"), "0".repeat(64));
}
export function without(file: string): Spoil {
  return (text) => text.replace(new RegExp(`^.*\\t'${escaped(file)}'\\n`, "m"), "");
}
export function added(line: string): Spoil {
  return (text) => text.replace("@@ files \n", `@@ files \n${line}\n`);
}
export function property(unit: string, name: string, value: string): Spoil {
  return (text) => text.replace(new RegExp(`(^Id=${escaped(unit)}\\n(?:.+\\n)*?${name}=).*$`, "m"), `$1${value}`);
}
function escaped(text: string): string {
  return text.replace(/[.@]/g, "\\$&");
}

/** What is done, the change of the probe's text, what must be found, and the commands of its fix. */
export type Case = [string, Spoil, string, string[]];

export const UP = "pulumi up --stack prod --replace '**::shop-scripts'";
export const UNITS = "/etc/systemd/system";
export const RELOAD = "systemctl daemon-reload";
