/** Who may read and write what: all of it is root's alone. */
import { onHost, quoted, type Finding } from "../finding.js";
import type { Probe } from "../read.js";

const PRIVATE = ["/etc/granary", "/var/lib/granary", "/var/backups/granary", "/run/granary"];
const UNITS = /^\/etc\/systemd\/system\//;

export function judgePermissions(probe: Probe): Finding[] {
  const missing = PRIVATE.slice(0, 3).flatMap((path): Finding[] =>
    path in probe.paths ? [] : [wrong(path, "it is not there", `install -d -m 0700 ${path}`)],
  );
  const found = Object.entries(probe.paths).flatMap(([path, { mode, owner, type }]) => {
    const secret = PRIVATE.some((top) => path === top || (path.startsWith(`${top}/`) && !path.endsWith(".pub")));
    if (!secret && !UNITS.test(path)) return [];
    // What a link may do its target says.
    const forbidden = type === "symbolic link" ? 0 : secret ? 0o077 : 0o022;
    const open = (parseInt(mode, 8) & forbidden) !== 0;
    if (!open && owner === "0:0") return [];
    const expected = secret ? "root's alone" : "writable for root alone";
    const commands = [
      ...(owner === "0:0" ? [] : [`chown -h root:root ${quoted(path)}`]),
      ...(open ? [`chmod ${secret ? "go=" : "go-w"} ${quoted(path)}`] : []),
    ];
    return [wrong(path, `mode ${mode} and owner ${owner}, expected ${expected}`, commands.join("; "))];
  });
  return [...missing, ...found];
}

const wrong = (subject: string, found: string, command: string): Finding => ({
  ...{ check: "permissions", subject, colour: "red", found, fix: [onHost(command)] },
});
