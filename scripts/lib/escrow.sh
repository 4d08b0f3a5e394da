# shellcheck shell=bash
# The repository's password, encrypted to the recipients, beside the repository: with it and an identity the files come
# back by age and restic alone, without this host and without Pulumi's state.

escrow_key() { printf 'files/%s/%s.password.age' "$(conf GRANARY_HOST)" "$(conf GRANARY_JOB)"; }

# escrow_subject: prints the hash of what an escrow is of: the password and who may open it.
escrow_subject() { printf '%s\n%s' "$(conf GRANARY_RESTIC_PASSWORD)" "$(conf GRANARY_RECIPIENTS)" | sha256; }

# escrow_keep COPY FOUND: writes the escrow unless the copy gave back, as file FOUND, the one that was written last.
escrow_keep() {
  local memory recipient recipients=() file=$RESTIC_DIR/password.age sha
  memory=$(repository_memory "$1" escrow)
  if [[ -e $2 && -e $memory && $(<"$memory") == "$(sha256 <"$2") $(escrow_subject)" ]]; then return 0; fi
  for recipient in $(conf GRANARY_RECIPIENTS); do recipients+=(-r "$recipient"); done
  conf GRANARY_RESTIC_PASSWORD | age "${recipients[@]}" >"$file"
  sha=$(sha256 <"$file")
  copy_rclone "$1" copyto --no-traverse "$file" "$(copy_path "$1" "$(escrow_key)")" 2>"$WORK/rclone.err" ||
    fail copy-failed "upload to copy $1 failed: $(rclone_said)" "copy=$1"
  copy_compare "$1" "$(escrow_key)" "$sha"
  printf '%s %s\n' "$sha" "$(escrow_subject)" >"$memory.new"
  mv "$memory.new" "$memory"
  log escrow "copy=$1" "key=$(escrow_key)"
}

# escrow_open COPY: takes the password from the copy, by the identity of a restore.
escrow_open() {
  local file=$WORK/password.age password
  copy_rclone "$1" copyto "$(copy_path "$1" "$(escrow_key)")" "$file" 2>"$WORK/rclone.err" ||
    fail fetch-failed "$(escrow_key) could not be read from copy $1: $(rclone_said)"
  password=$(age -d -i "$IDENTITY" "$file" 2>"$WORK/age.err") ||
    fail identity-wrong "age: $(sed -n '1s/^age: error: //p' "$WORK/age.err")"
  conf_set GRANARY_RESTIC_PASSWORD "$password"
}
