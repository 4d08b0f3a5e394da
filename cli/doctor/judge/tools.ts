/** The programs that jobs call: whether they are there, and are what the distribution's packages installed. */
import { onHost, quoted, type Finding, type Step } from "../finding.js";
import type { Expected } from "../program.js";
import type { Probe, SeenTool } from "../read.js";

export function judgeTools({ program, deployed }: Expected, probe: Probe): Finding[] {
  const own = Object.entries(program.tools).flatMap(([tool, owner]) => {
    const seen = probe.tools[tool];
    if (seen === undefined) return [];
    return judgeTool(tool, owner, seen, deployed.tools[tool]);
  });
  const changed = probe.verify.map(({ package: owner, path }) =>
    finding("tool-changed", path, "red", `it is not what package ${owner} installed`, reinstall(owner)),
  );
  return [...own, ...changed];
}

const finding = (
  check: string,
  subject: string,
  colour: Finding["colour"],
  found: string,
  ...fix: Step[]
): Finding => ({
  ...{ check, subject, colour, found, fix },
});
const reinstall = (owner: string): Step => onHost(`apt-get update; apt-get install --reinstall -y ${quoted(owner)}`);

function judgeTool(tool: string, owner: string, seen: SeenTool, before: string | undefined): Finding[] {
  if (seen.path === "") return [finding("tool-missing", tool, "red", "it is not there", reinstall(owner))];
  if (seen.package === "" && seen.others.length > 0) {
    const found = `${seen.path} is of no package, and jobs take it for ${seen.others.join(", ")}`;
    return [finding("tool-shadowed", tool, "red", found, onHost(`rm ${quoted(seen.path)}`))];
  }
  if (seen.package === "") {
    const found = `${seen.path} is of no package: nobody can tell what it is, and nobody renews it`;
    return [finding("tool-foreign", tool, "yellow", found, reinstall(owner))];
  }
  if (seen.version === "")
    return [finding("tool-broken", tool, "red", `${seen.path} does not run`, reinstall(seen.package))];
  const now = /\d+(\.\d+)+/.exec(seen.version)?.[0];
  if (before === undefined || now === undefined || !older(now, before)) return [];
  return [
    finding(
      "tool-older",
      tool,
      "yellow",
      `version ${now}, it was ${before} when Granary was installed`,
      reinstall(seen.package),
    ),
  ];
}

/** By numbers: 1.10 is newer than 1.9. */
function older(a: string, b: string): boolean {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++)
    if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) < (right[i] ?? 0);
  return false;
}
