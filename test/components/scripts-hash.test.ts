import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { directoryHash } from "../../components/scripts-hash.js";

const root = mkdtempSync(join(tmpdir(), "granary-hash-"));
const dir = join(root, "scripts");
let before: string;

beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, "lib"), { recursive: true });
  writeFileSync(join(dir, "backup"), "one");
  writeFileSync(join(dir, "lib/log.sh"), "two");
  before = directoryHash(dir);
});
afterAll(() => rmSync(root, { recursive: true }));

describe("the hash of the scripts", () => {
  it("is this one, whatever the folder is called", () => {
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    cpSync(dir, join(root, "elsewhere"), { recursive: true });
    expect(directoryHash(join(root, "elsewhere"))).toBe(before);
    expect(directoryHash(`${join(root, "elsewhere")}`)).toBe(directoryHash(dir));
  });

  it.each<[string, () => void]>([
    ["content", () => writeFileSync(join(dir, "lib/log.sh"), "twO")],
    ["name", () => renameSync(join(dir, "lib/log.sh"), join(dir, "lib/logs.sh"))],
    ["place", () => renameSync(join(dir, "lib/log.sh"), join(dir, "log.sh"))],
    ["new file", () => writeFileSync(join(dir, "empty"), "")],
    ["missing file", () => rmSync(join(dir, "backup"))],
    [
      "border between two files",
      () => {
        writeFileSync(join(dir, "backup"), "onet");
        writeFileSync(join(dir, "lib/log.sh"), "wo");
      },
    ],
  ])("changes with the %s", (_what, change) => {
    change();
    expect(directoryHash(dir)).not.toBe(before);
  });
});
