# shellcheck shell=bash
# A restore into a directory of its own: never over anything that is there.
#
# While it is being filled the directory is called WHERE.granary-incomplete; a later run drops such a one, and no other.

PART= # the directory while it is being filled

# directory_prepare: before anything is fetched.
directory_prepare() {
  [[ $SWITCH == no ]] || fail usage "--switch is for databases"
  [[ $INTO == /* ]] || fail usage "--into DIRECTORY is expected: an absolute path that does not exist or is empty"
  [[ ! -e $INTO || -d $INTO && -z $(ls -A "$INTO") ]] || fail target-live "'$INTO' exists and is not an empty directory"
  PART=${INTO%/}.granary-incomplete
  rm -rf "$PART"
  install -d -m 0700 "$PART"
}

# directory_done: under its name, with all that is in it on the disk.
directory_done() {
  sync -f "$PART"
  if [[ -d $INTO ]]; then rmdir "$INTO"; fi
  mv -T "$PART" "${INTO%/}"
  PART=
}

directory_drop() {
  [[ -z $PART ]] || rm -rf "$PART"
}
