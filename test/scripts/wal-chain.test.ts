/** What names alone tell about a log: which pieces are needed, and where the first gap is. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scripts } from "./harness.js";

const S = "0000000100000000000000";
const WHOLE = "01000000";

/** `SEGMENT START END STAMP` to a name: the last two digits of a segment or all of it, pages, and a number of seconds. */
function piece(segment: string, start: string, end: string, stamp: string): string {
  const hex = (text: string): string =>
    text === "whole" ? WHOLE : (Number(text) * 8192).toString(16).padStart(8, "0");
  const file = segment.length === 2 ? S + segment : segment;
  return `${file}.${hex(start)}-${hex(end)}.20261124T0000${stamp}Z.zst.age`;
}

/** Walks from segment 1 of timeline 1. */
function walk(
  pieces: string[],
  until = "",
  before = "",
): { segments: string[]; end: string; missing: string; needed: string[] } {
  const script = `set -Eeuo pipefail; source "$0/lib/wal-chain.sh"; ${before}
    summary=$(chain_segments -)
    chain_walk <(printf '%s' "\${summary:+$summary$'\\n'}") 1 1 16777216 "$1"
    printf '%s\\n%s\\n%s\\n' "\${CHAIN_SEGMENTS[*]}" "$CHAIN_END" "$CHAIN_MISSING"
    printf '%s' "$summary" | cut -d ' ' -f 5- | tr ' ' '\\n'`;
  const args = ["-c", script, scripts, until];
  const lines = execFileSync("bash", args, { input: pieces.join("\n") + "\n", encoding: "utf8" }).split("\n");
  const [segments = "", end = "", missing = "", ...needed] = lines;
  return { segments: segments.split(" ").filter(Boolean), end, missing, needed: needed.filter(Boolean).sort() };
}

const one = piece("01", "0", "whole", "01");

describe("pieces", () => {
  it("that overlap by a page make a segment; of many that say the same the last is enough", () => {
    const pieces = [
      piece("01", "0", "1", "01"),
      piece("01", "0", "1", "02"),
      piece("01", "0", "3", "03"),
      piece("01", "2", "3", "04"),
      piece("01", "2", "whole", "05"),
      piece("02", "0", "2", "06"),
    ];
    const { segments, missing, end, needed } = walk(pieces);
    expect({ segments, missing, end }).toEqual({
      segments: [`${S}01`, `${S}02`],
      missing: "",
      end: "20261124T000006Z",
    });
    expect(needed).toEqual([pieces[2], pieces[4], pieces[5]].sort());
  });

  it("that only touch are a gap: the last page of the first was perhaps half written", () => {
    const pieces = [piece("01", "0", "3", "01"), piece("01", "3", "whole", "02")];
    expect(walk(pieces)).toMatchObject({ segments: [`${S}01`], missing: `${S}01`, end: "20261124T000001Z" });
  });

  it("of a segment that was sent whole in the end need nothing else", () => {
    const pieces = [piece("01", "0", "2", "01"), piece("01", "0", "whole", "04")];
    expect(walk(pieces).needed).toEqual([pieces[1]]);
  });

  it("that were sent again have -1 in their stamp, and count instead", () => {
    const again = one.replace("Z.zst", "Z-1.zst");
    expect(walk([again, one]).needed).toEqual([again]);
  });
});

describe("the first gap", () => {
  it.each<[string, string[], string, string[]]>([
    ["a segment that is not there", [one, piece("03", "0", "whole", "03")], `${S}02`, [`${S}01`]],
    ["nothing at the beginning", [piece("02", "0", "whole", "03")], `${S}01`, []],
    ["no pieces at all", [], `${S}01`, []],
    ["the beginning of a segment", [one, piece("02", "1", "whole", "02")], `${S}02`, [`${S}01`]],
    [
      "the end of a segment that others follow",
      [one, piece("02", "0", "9", "02"), piece("03", "0", "1", "03")],
      `${S}02`,
      [`${S}01`, `${S}02`],
    ],
  ])("%s", (_, pieces, missing, segments) => {
    expect(walk(pieces)).toMatchObject({ missing, segments });
  });

  it("none where the log only ends", () => {
    expect(walk([one, piece("02", "0", "9", "02")])).toMatchObject({ missing: "", segments: [`${S}01`, `${S}02`] });
  });

  it("none that comes after the instant asked for", () => {
    const pieces = [one, piece("02", "0", "whole", "05"), piece("04", "0", "whole", "09")];
    expect(walk(pieces, "20261124T000003Z")).toMatchObject({ missing: "", segments: [`${S}01`, `${S}02`] });
  });
});

describe("timelines", () => {
  const second = "000000020000000000000002";
  const pieces = [
    one,
    piece("02", "0", "9", "02"),
    piece(second, "0", "whole", "03"),
    piece("000000020000000000000003", "0", "1", "04"),
  ];

  it("the walk goes over to a newer one where that has the segment", () => {
    expect(walk(pieces)).toMatchObject({ missing: "", segments: [`${S}01`, second, "000000020000000000000003"] });
  });

  it("but only where the history says so, when it is known", () => {
    expect(walk(pieces, "", "TIMELINES=([1]=0 [2]=2)").segments[1]).toBe(second);
    const own = walk(pieces.slice(0, 3), "", "TIMELINES=([1]=0)");
    expect(own.segments).toEqual([`${S}01`, `${S}02`]);
  });

  it("segments after the 255th of 4 GiB have the next number", () => {
    const script = `source "$0/lib/wal-chain.sh"; segment_name 1 256 16777216; echo "$REPLY $(segment_number "$REPLY" 16777216)"`;
    const said = execFileSync("bash", ["-c", script, join(scripts)], { encoding: "utf8" });
    expect(said).toBe("000000010000000100000000 256\n");
  });
});
