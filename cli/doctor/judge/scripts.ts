/** Granary's own files on a host against the program's: content, modes, what is missing, what somebody added. */
import { INSTALLED } from "../../../components/installed.js";
import { onLaptop, type Finding } from "../finding.js";
import { redeploy, type Expected } from "../program.js";
import type { Probe, SeenPath } from "../read.js";

export function judgeScripts(expected: Expected, probe: Probe): Finding[] {
  const { program, deployed } = expected;
  const fix = [onLaptop(redeploy(expected))];
  const finding = (check: string, subject: string, found: string): Finding => ({
    check,
    subject,
    colour: "red",
    found,
    fix,
  });
  const behind =
    deployed.scripts === program.scripts
      ? []
      : [finding("not-deployed", "scripts", "the program's scripts are others than those of the last `pulumi up`")];
  const known = new Set(directories(Object.keys(program.files)));
  const own = Object.entries(program.files).flatMap(([name, { sha256, mode }]) => {
    const path = `${INSTALLED}/${name}`;
    const seen = probe.paths[path];
    if (seen === undefined) return [finding("script-missing", path, "it is not there")];
    if (seen.sha256 !== sha256) return [finding("script-changed", path, "its content is not the program's")];
    return writable(seen) || seen.mode !== mode
      ? [finding("script-mode", path, `mode ${seen.mode} and owner ${seen.owner}, expected ${mode} and 0:0`)]
      : [];
  });
  const others = Object.entries(probe.paths).flatMap(([path, seen]) => {
    if (!path.startsWith(`${INSTALLED}/`) && path !== INSTALLED) return [];
    const name = path.slice(INSTALLED.length + 1);
    if (name in program.files) return [];
    if (!known.has(name)) return [finding("script-extra", path, "the program has no such file")];
    return writable(seen) ? [finding("script-mode", path, `mode ${seen.mode} and owner ${seen.owner}`)] : [];
  });
  return [...behind, ...own, ...others, ...links(expected, probe).map(([path, found]) => finding("link", path, found))];
}

/** Somebody else than root could write to it. */
const writable = ({ mode, owner }: SeenPath): boolean => owner !== "0:0" || (parseInt(mode, 8) & 0o022) !== 0;

/** Every directory above the files, and the top one, which is "". */
function directories(names: string[]): string[] {
  return names.flatMap((name) => {
    const parts = name.split("/").slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1).join("/")).concat("");
  });
}

/** What an operator types must be what was deployed. */
function links({ program }: Expected, probe: Probe): [string, string][] {
  return program.links.flatMap((command): [string, string][] => {
    const path = `/usr/local/sbin/${command}`;
    const target = probe.paths[path]?.target;
    if (target === `${INSTALLED}/${command}`) return [];
    const found = target ?? (path in probe.paths ? "a file of its own" : "nothing");
    return [[path, `it is ${found}, expected a link to ${INSTALLED}/${command}`]];
  });
}
