# The measurements (one {name, value} each) as lab/out/bench.json: medians, and each promise beside its limit.
def median: sort | if length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def round3: . * 1000 | round / 1000;
(group_by(.name) | map({key: .[0].name, value: (map(.value) | median | round3)}) | from_entries) as $m
| def ratio($what; $of; $limit; $must): {what: $what, of: $of, ratio: ($m[$what] / $m[$of] | round3), limit: $limit, must: $must};
{
  databaseBytes: $bytes,
  door: (if $door == "" then "native" else $door end),
  copies: $copies,
  cores: $cores,
  rounds: (map(select(.name == "floor")) | length),
  medians: $m,
  measurements: (group_by(.name) | map({key: .[0].name, value: map(.value)}) | from_entries),
  ratios: [
    ratio("granary-local"; "procedure-local"; 0.25; true),
    ratio("granary-local"; "floor"; 1.5; false),
    ratio("granary-whole"; "by-hand-whole"; 1.05; true),
    ratio("granary-local"; "by-hand-local"; 1.05; false),
    ratio("granary-whole"; "procedure-whole"; null; false),
    ratio("granary-restore"; "bare-restore"; 1.1; true)
  ],
  memory: {kib: $m["scripts-memory-kib"], limitKib: 65536}
}
| .ok = ((.ratios | map(select(.must) | .ratio <= .limit) | all) and .memory.kib <= .memory.limitKib)
