# lab/out/bench.json as a table for people.
def pad($n): tostring | . + (" " * ([0, $n - length] | max));
def kept: if .floor then .ratio >= .limit else .ratio <= .limit end;
def verdict: if .limit == null then "" elif kept then "within" elif .must then "OVER" else "over the aim" end;
"\(.databaseBytes / 1048576 | round) MiB, door: \(.door), copies: \(.copies), \(.cores) cores, median of \(.rounds)",
"",
("seconds" | pad(20)), (.medians | to_entries[] | select(.key != "scripts-memory-kib") | "  " + (.key | pad(20)) + (.value | tostring)),
"",
(("ratio" | pad(40)) + ("is" | pad(9)) + "limit"),
(.ratios[] | "  " + ("\(.what) / \(.of)" | pad(38)) + (.ratio | pad(9)) + (.limit // "-" | pad(7)) + verdict),
(select(.memory) | "  " + ("memory of the scripts, MiB" | pad(38)) + (.memory.kib / 1024 * 10 | round / 10 | pad(9)) + (.memory.limitKib / 1024 | pad(7)) + (if .memory.kib <= .memory.limitKib then "within" else "OVER" end))
