# shellcheck shell=bash
# Which pieces of a binary log a restore to a moment needs, and whether they are a log without a gap: from their names alone.

# binlog_plan FILE [STAMP]: reads names of pieces, prints "piece NAME FILE START" in the order of the log, from the
# beginning of FILE on, at most until STAMP is reached; then "end FILE BYTES STAMP": everything committed before STAMP is
# there. Or instead "gap FILE BYTES STAMP": from there on something is missing that something else follows on.
binlog_plan() {
  LC_ALL=C awk -v from="$1" -v until="${2-}" '
    function hex(text, i, value) {
      value = 0
      for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
      return value
    }
    function number(file) { sub(/.*\./, "", file); return file + 0 }
    # walk: the pieces of one file that reach furthest, one after the other. Sets reach and stamp.
    function walk(file, i, best, k) {
      reach = 0
      do {
        best = 0
        for (i = 1; i <= count[file]; i++) {
          k = file SUBSEP i
          if (first[k] <= reach && last[k] > reach && (!best || last[k] > last[file SUBSEP best])) best = i
        }
        if (best) {
          print "piece", name[file SUBSEP best], file, first[file SUBSEP best]
          reach = last[file SUBSEP best]
        }
        for (i = 1; i <= count[file]; i++) if (last[file SUBSEP i] <= reach && when[file SUBSEP i] > stamp) stamp = when[file SUBSEP i]
      } while (best && !(until != "" && stamp >= until))
    }
    function beyond(file, i) {
      for (i = 1; i <= count[file]; i++) if (first[file SUBSEP i] > reach) return 1
      return newest > number(file)
    }
    match($0, /\.[0-9]+(\.last)?\.[0-9a-f]+-[0-9a-f]+\.[0-9]+T[0-9]+Z(-[0-9]+)?\.zst\.age$/) {
      parts = split($0, part, ".")
      ranges = part[parts - 3]
      file = substr($0, 1, RSTART - 1)
      rest = substr($0, RSTART + 1)
      sub(/\..*/, "", rest)
      file = file "." rest
      split(ranges, range, "-")
      i = ++count[file]
      k = file SUBSEP i
      name[k] = $0; first[k] = hex(range[1]); last[k] = hex(range[2]); when[k] = substr(part[parts - 2], 1, 16)
      if (part[parts - 4] == "last") size[file] = last[k]
      names[number(file)] = file
      if (number(file) > newest) newest = number(file)
    }
    END {
      file = from; stamp = ""
      while (1) {
        walk(file)
        if (until != "" && stamp >= until) break
        if (!(file in size) || reach < size[file]) {
          if (beyond(file)) { print "gap", file, reach, stamp == "" ? "-" : stamp; exit }
          break
        }
        if (!((number(file) + 1) in names)) {
          if (newest > number(file)) { print "gap", file, reach, stamp; exit }
          break
        }
        file = names[number(file) + 1]
      }
      print "end", file, reach, stamp == "" ? "-" : stamp
    }'
}
