# shellcheck shell=bash
# What differs between the kinds of jobs: lib/kinds/KIND.sh, loaded after the settings.
#
# Each kind defines kind_env_check JOB, kind_preconditions and kind_deployed JOB (prints a JSON value about what is backed
# up), and either kind_produce, which makes artifacts, or kind_run, which is a whole run and sets COPIES_OK and COPIES_FAILED.

# kind_cleanup: at the end of every run, however it ended. A kind may have its own.
kind_cleanup() { :; }

# kind_afterwards: after a good run: what else must be right for the job to be called good. A kind may have its own.
kind_afterwards() { :; }

# kind_units JOB: prints what runs beside the job's own timer: `SERVICE`, or `TIMER CALENDAR`. A kind may have its own.
kind_units() { :; }

# kind_load JOB
kind_load() {
  local kind file
  kind=$(conf GRANARY_KIND)
  file=$LIB/kinds/$kind.sh
  [[ $kind =~ ^[a-z]+$ && -r $file ]] || fail config "kind '$kind' is not known here; the scripts on this host are of another version"
  # shellcheck source=/dev/null
  source "$file"
  kind_env_check "$1"
}

# env_need JOB NAME...: settings of a kind that must have a value.
env_need() {
  local job=$1 name
  shift
  for name in "$@"; do [[ -n $(conf "GRANARY_$name") ]] || fail config "GRANARY_$name is missing in the settings of job $job"; done
}
