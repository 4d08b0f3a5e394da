import { z } from "zod";
import { text } from "../strict.js";

/** What the kernel makes up, and what Granary itself writes: a backup of it would be of no use, or of itself. */
const NEVER = ["/proc", "/sys", "/dev", "/run", "/etc/granary", "/var/backups/granary", "/var/lib/granary"];

/** What a job, which systemd keeps apart from the rest of the host, cannot see: it would save an empty directory. */
const UNSEEN = ["/root", "/tmp", "/var/tmp"];

const PATH_RULE = "use an absolute path without .., // or a slash at the end, e.g. /opt/uploads";

/** Whether `inner` is `outer` or below it. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** An absolute, normal path of something that can be backed up. */
export const pathSchema = text(/^(\/[^/\0\r\n]+)+$/, PATH_RULE).superRefine((path, ctx) => {
  if (/\/\.\.?(\/|$)/.test(path)) ctx.addIssue({ code: "custom", message: PATH_RULE });
  const never = NEVER.find((place) => isWithin(path, place));
  if (never !== undefined)
    ctx.addIssue({ code: "custom", message: `${never} is never backed up: it is made anew, or is Granary's own` });
  const unseen = UNSEEN.find((place) => isWithin(path, place));
  if (unseen !== undefined)
    ctx.addIssue({
      code: "custom",
      message: `a job cannot see ${unseen}, which systemd hides from it: move it to /opt, /srv or /home, and link to it`,
    });
});

/** One path at least, none inside another. */
export const pathsSchema = z
  .array(pathSchema, { error: "give a list of paths, e.g. [/opt/uploads]" })
  .min(1, { error: "a job without a path backs up nothing: add one" })
  .superRefine((paths, ctx) => {
    const inside = paths.find((path, i) => paths.some((other, j) => i !== j && isWithin(path, other)));
    if (inside !== undefined)
      ctx.addIssue({ code: "custom", message: `${inside} is listed twice, by itself or within another: list it once` });
  });

const EXCLUDE_RULE = "use a pattern such as *.tmp, or a path such as /opt/uploads/cache";

/** Patterns of what is left out: a path if it begins with a slash, else it fits anywhere below. Default: none. */
export const excludeSchema = z
  .array(text(/^[^\0\r\n]+$/, EXCLUDE_RULE), { error: `give a list: ${EXCLUDE_RULE}` })
  .default([]);
