# shellcheck shell=bash
# When a cron line comes next, in UTC: for lines as the settings are made into, with numbers, lists, ranges, steps on
# ranges, and never both a day of the month and a weekday.

# cron_values FIELD FIRST LAST: prints " 1 2 3 " with every number of a field.
cron_values() {
  local part parts first last step all=' '
  IFS=, read -ra parts <<<"$1"
  for part in "${parts[@]}"; do
    step=1
    if [[ $part == */* ]]; then step=${part#*/}; fi
    part=${part%/*}
    if [[ $part == '*' ]]; then part=$2-$3; fi
    first=${part%-*}
    last=${part#*-}
    for ((; first <= last; first += step)); do all+="$((10#$first)) "; done
  done
  printf '%s' "$all"
}

# cron_next LINE SECONDS: prints the first time of the line after SECONDS since 1970; fails when there is none in nine
# years (29 February comes at least every eight).
cron_next() {
  local fields minutes hours days months weekdays day at date hour minute
  read -ra fields <<<"$1"
  minutes=$(cron_values "${fields[0]}" 0 59)
  hours=$(cron_values "${fields[1]}" 0 23)
  days=$(cron_values "${fields[2]}" 1 31)
  months=$(cron_values "${fields[3]}" 1 12)
  weekdays=$(cron_values "${fields[4]}" 0 6)
  for ((day = $2 / 86400; day < $2 / 86400 + 9 * 366; day++)); do
    TZ=UTC0 printf -v date '%(%-d %-m %w)T' $((day * 86400))
    read -ra date <<<"$date"
    [[ $days == *" ${date[0]} "* && $months == *" ${date[1]} "* && $weekdays == *" ${date[2]} "* ]] || continue
    for hour in $hours; do
      for minute in $minutes; do
        at=$((day * 86400 + hour * 3600 + minute * 60))
        if ((at > $2)); then printf '%s' "$at" && return 0; fi
      done
    done
  done
  return 1
}
