import { main } from "../../cli/main.js";

/** Runs `granary` in a directory, at a fixed time, and gives what it said. */
export async function granaryIn(
  directory: string,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const code = await main(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    color: false,
    directory,
    now: new Date("2026-11-25T12:00:00Z"),
  });
  return { code, ...said };
}
