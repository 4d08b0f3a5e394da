# shellcheck shell=bash
# Opening a tar below a directory of its own. Paths that would leave it are refused by tar itself.

# archive_extract: all, or --only one path with what is below it.
archive_extract() {
  LC_ALL=C tar --extract --directory "$PART" --numeric-owner --preserve-permissions --acls --xattrs --same-owner --file - \
    ${ONLY:+-- "${ONLY#/}"} 2>"$WORK/tar.err"
}

# archive_restore: of the backup in MANIFEST, and its number of files compared, if all were asked for.
archive_restore() {
  local want found
  timed restore artifact_open "$COPY" "$MANIFEST" files archive_extract
  want=$(jq .files "$MANIFEST")
  found=$(find "$PART" -mindepth 1 -not -type d -printf x | wc -c)
  [[ -n $ONLY ]] || ((found == want)) || fail compare-failed "$want files saved, $found restored" "directory=$INTO"
  chmod 0755 "$PART"
  directory_done
  restored "$(jq -cn --arg directory "$INTO" --argjson files "$found" '{directory: $directory, compared: {files: $files}}')"
}
