# shellcheck shell=bash
# restic, one repository of a job in each copy: how it is reached, how restic is run, and what its failures are called.
#
# An object store is reached through rclone, with the copy's key in the environment. A storage box is reached through the
# one command that its account for files allows: rclone there serves the repository and refuses to change or delete.
# Password and keys are in no argument. Flags and messages are those of restic 0.12 to 0.17.

# What restic remembers of the copies; made again when it is lost.
readonly GRANARY_CACHE=${GRANARY_ROOT:-}/var/cache/granary

RESTIC_DOOR=() # restic's words for where a repository is
RESTIC_PID=    # of the restic that runs
RESTIC_DIR=    # what it says is written here

# restic_says_in DIRECTORY
restic_says_in() { RESTIC_DIR=$1; }

# append_only COPY: whether the copy itself refuses to change what it holds.
append_only() { [[ $(conf "GRANARY_COPY_${1^^}_RESTIC") == append-only ]]; }

# box_ssh COPY: prints the command that reaches the account for files of a storage box. All accounts of a box show the
# same host key, pinned under the name of the one for artifacts.
box_ssh() {
  local remote=RCLONE_CONFIG_${1^^} port
  port=$(conf "${remote}_PORT" 22)
  printf '%s ' ssh -F /dev/null -T -p "$port" -i "$(own_key "restic-$(conf GRANARY_JOB)")" \
    -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 \
    -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$GRANARY_ETC/known_hosts" \
    -o "HostKeyAlias=[$(conf "${remote}_HOST")]:$port" "$(conf "GRANARY_COPY_${1^^}_RESTIC_LOGIN")"
}

# restic_door COPY: sets RESTIC_DOOR. rclone is a process of its own beside restic, with a heap of its own.
restic_door() {
  if append_only "$1"; then
    RESTIC_DOOR=(-r "rclone:files" -o "rclone.program=$(box_ssh "$1")" -o "rclone.args=")
  else
    RESTIC_DOOR=(-r "rclone:$(copy_path "$1" "$(job_prefix files)")" -o "rclone.program=env GOMEMLIMIT=48MiB rclone"
      -o "rclone.args=serve restic --stdio ${RCLONE_FLAGS[*]}")
  fi
}

# restic_at COPY ARGUMENT...: takes the place of the shell, so only to be called in one of its own.
# GOMEMLIMIT and GOGC: restic and rclone together stay below 256 MiB at 100,000 files.
restic_at() {
  restic_door "$1"
  copy_environment "$1"
  RESTIC_PASSWORD=$(conf GRANARY_RESTIC_PASSWORD)
  export RESTIC_PASSWORD RESTIC_PROGRESS_FPS=0.1 GOMEMLIMIT=${GRANARY_RESTIC_HEAP:-112MiB} GOGC=50
  exec restic "${RESTIC_DOOR[@]}" --cache-dir "$GRANARY_CACHE/restic" "${@:2}"
}

# restic_listen PID: writes down what restic says, and stops it when the copy is full: it would try again for minutes.
restic_listen() {
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case ${line,,} in
      *"no space left"* | *"file too large"* | *"disk quota"* | *quotaexceeded* | *"insufficient storage"*) kill -INT "$1" || true ;;
    esac
  done
}

# restic_run COPY ARGUMENT...: waited for in the background, so that signals to the script arrive at once. Its output is
# $RESTIC_DIR/restic.out, what it complained of $RESTIC_DIR/restic.err. Returns its exit status.
restic_run() {
  local status=0 listener
  rm -f "$RESTIC_DIR/restic.said"
  mkfifo -m 600 "$RESTIC_DIR/restic.said"
  { restic_at "$@"; } </dev/null >"$RESTIC_DIR/restic.out" 2>"$RESTIC_DIR/restic.said" &
  RESTIC_PID=$!
  printf '%s\n' "$RESTIC_PID" >"$RESTIC_DIR/restic.pid"
  restic_listen "$RESTIC_PID" <"$RESTIC_DIR/restic.said" >"$RESTIC_DIR/restic.err" 2>/dev/null &
  listener=$!
  wait "$RESTIC_PID" || status=$?
  wait "$listener" || true
  rm -f "$RESTIC_DIR/restic.pid"
  return "$status"
}

# restic_class STATUS: prints what restic's end means: ok, partial, absent, locked, key, full or failed. Before 0.17 its
# status is 1 for all but a partial backup, and only the message tells.
restic_class() {
  local err=$RESTIC_DIR/restic.err
  case $1 in
    0) printf ok ;;
    3) printf partial ;;
    *)
      if grep -qiE 'no space left|file too large|disk quota|QuotaExceeded|insufficient storage' "$err"; then printf full
      elif (($1 == 12)) || grep -q 'wrong password or no key found' "$err"; then printf key
      elif (($1 == 11)) || grep -q 'repository is already locked' "$err"; then printf locked
      elif (($1 == 10)) || grep -q 'Is there a repository at the following location' "$err"; then printf absent
      else printf failed; fi
      ;;
  esac
}

# restic_said: the line that tells most of what restic, or rclone below it, complained of.
restic_said() {
  awk '/^rclone: .*(ERROR|CRITICAL|Failed)|^rclone: ssh|^rclone: .*(denied|refused|closed|failed)/ { below = $0; sub(/^rclone: ([0-9\/]+ [0-9:]+ [A-Z]+ *: )?/, "", below) }
    /Fatal:|already locked/ { own = $0 } NF { last = $0 }
    END { if (own == "") own = last; print own (below == "" ? "" : " (" below ")") }' "$RESTIC_DIR/restic.err"
}

# restic_fail COPY CLASS: ends the script as a failure of that class is called.
restic_fail() {
  case $2 in
    key) fail repository-key "the password does not open the repository in copy $1: $(restic_said)" "copy=$1" ;;
    locked) fail repository-locked "the repository in copy $1 stays locked: $(restic_said)" "copy=$1" ;;
    full) fail copy-failed "copy $1 is full: $(restic_said)" "copy=$1" ;;
    *) fail copy-failed "restic failed with copy $1: $(restic_said)" "copy=$1" ;;
  esac
}

# restic_patient COPY ARGUMENT...: waits while somebody else works in the repository. What a dead process of this host
# left, or nobody renewed for half an hour, restic itself knows to be stale, and only that goes. Sets RESTIC_CLASS.
# GRANARY_RESTIC_LOCK_SECONDS: how long to wait, 120.
restic_patient() {
  local status until=$((SECONDS + $(conf GRANARY_RESTIC_LOCK_SECONDS 120)))
  while true; do
    status=0
    restic_run "$@" || status=$?
    RESTIC_CLASS=$(restic_class "$status")
    if [[ $RESTIC_CLASS != locked ]] || ((SECONDS >= until)); then return 0; fi
    log repository-locked "copy=$1" "message=$(restic_said)"
    cp "$RESTIC_DIR/restic.err" "$RESTIC_DIR/locked.err"
    restic_run "$1" unlock || log unlock-failed "copy=$1" "message=$(restic_said)"
    cp "$RESTIC_DIR/locked.err" "$RESTIC_DIR/restic.err"
    sleep 2
  done
}

# restic_stop: what runs is asked to end, which takes its lock away, and is waited for shortly. For the end of a run.
restic_stop() {
  local pid
  [[ -s $RESTIC_DIR/restic.pid ]] || return 0
  pid=$(<"$RESTIC_DIR/restic.pid")
  kill -INT "$pid" 2>/dev/null || return 0
  for _ in {1..50}; do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}
