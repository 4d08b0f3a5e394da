/** What docs/security.md says of an attacker is what the rehearsal's attack is compared with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ATTACKS, documentedTable, KINDS } from "../../../plan/attack-claims.js";

it("the table in docs/security.md is that of the rehearsal", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/security.md"), "utf8");
  const [, table = ""] = /<!-- attacks: begin -->\n\n([\s\S]*?)\n\n<!-- attacks: end -->/.exec(text) ?? [];
  const rows = table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect([rows[0], ...rows.slice(2)]).toEqual(documentedTable());
});

it("at least one kind of copy loses no backup to any attack", () => {
  const lost = (kind: (typeof KINDS)[number]): boolean =>
    ATTACKS.some(({ part, ends }) => part === "backups" && ends[kind] === "lost");
  expect(KINDS.filter((kind) => !lost(kind))).toEqual(["r2", "storageBox"]);
});
