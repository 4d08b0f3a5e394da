# The measurements (one {name, value} each) as lab/out/bench.json: medians, and each promise beside its limit.
def median: sort | if length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def round3: . * 1000 | round / 1000;
(group_by(.name) | map({key: .[0].name, value: (map(.value) | median | round3)}) | from_entries) as $m
# A part that was not asked for has no measurements, and so no ratio. A rate is better the higher it is: its limit is a floor.
| def ratio($what; $of; $limit; $must): select($m[$what] != null and $m[$of] != null)
    | {what: $what, of: $of, ratio: ($m[$what] / $m[$of] | round3), limit: $limit, must: $must, floor: false};
def rate($what; $of; $limit; $must): ratio($what; $of; $limit; $must) | .floor = true;
{
  databaseBytes: $bytes,
  door: (if $door == "" then "native" else $door end),
  copies: $copies,
  cores: $cores,
  rounds: $rounds,
  medians: $m,
  measurements: (group_by(.name) | map({key: .[0].name, value: map(.value)}) | from_entries),
  ratios: [
    ratio("granary-local"; "procedure-local"; 0.25; true),
    ratio("granary-local"; "floor"; 1.5; false),
    ratio("granary-whole"; "by-hand-whole"; 1.05; true),
    ratio("granary-local"; "by-hand-local"; 1.05; false),
    ratio("granary-whole"; "procedure-whole"; null; false),
    ratio("granary-restore"; "bare-restore"; 1.1; true),
    ratio("granary-one-copy"; "bare-pg-dump"; 1.05; false),
    ratio("granary-one-copy"; "borgmatic-first"; 1; true),
    ratio("granary-base"; "base-by-hand"; 1.05; false),
    ratio("granary-base"; "pgbackrest-full"; 0.75; true),
    rate("tps-half-shipping"; "tps-half"; 0.97; true),
    rate("tps-saturated-shipping"; "tps-saturated"; 0.9; true)
  ],
  memory: (if $m["scripts-memory-kib"] == null then null else {kib: $m["scripts-memory-kib"], limitKib: 65536} end)
}
| .ok = ((.ratios | map(select(.must) | if .floor then .ratio >= .limit else .ratio <= .limit end) | all)
    and (.memory == null or .memory.kib <= .memory.limitKib))
