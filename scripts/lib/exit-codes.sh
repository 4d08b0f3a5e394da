# shellcheck shell=bash
# The one table of exit codes: shared by the scripts, their tests, the operator's commands and the documents.
#
# One line a code: `code name | meaning | hint`. Codes below 10 are the shell's and the tools' own, and those
# from 126 up are the shell's and systemd's, so neither is used here. Codes are never reused for another meaning.

readonly GRANARY_EXIT_TABLE='
0 ok | everything was done and verified | nothing to do
1 internal | a command failed where no failure was foreseen | read the lines before this one in the journal and report them
10 usage | the command line is wrong | run the command with --help
11 config | the job has no usable settings on this host | deploy the job again with pulumi up
12 locked | another run of this job is going on | wait for it, or look at it with systemctl status
13 tool-missing | a program that is needed is not installed | run /usr/local/lib/granary/host/install on this host
14 clock | the clock of this host cannot be right | set the clock (timedatectl set-ntp true) and run again
15 space | the disk is full or too small for one more artifact | free space under /var/backups/granary and run again
16 database-unreachable | the database server does not answer or refuses the login | check that it runs, the user, the password and the database name
17 container-absent | the container of the database does not run | start it, or correct its name in the settings
18 version | a client program is older than the database server | install the client programs of the version of the server
19 dump-failed | the database could not be dumped | read the message of pg_dump and check the rights of the user
20 encrypt-failed | compressing, encrypting or writing the artifact failed | read the message and run again; nothing was published
21 verify-failed | the artifact is not what was written, so it was thrown away | check memory and disk of this host, then run again
22 copy-failed | at least one copy did not get a verified artifact | check that the named copy can be reached and run again; the others have theirs
23 manifest | there is no valid manifest for what was asked | list what there is with granary-artifacts
24 fetch-failed | the copy could not be read | check the network and the keys of that copy, or take another copy with --copy
25 artifact-corrupt | a stored artifact differs from its manifest | take another copy with --copy, or an older one with --at
30 identity-wrong | the age identity does not open this artifact | give the identity of one of the recipients of the backup on standard input
31 target-live | the database to restore into exists already | name another one with --into, or drop it yourself if it is not needed
32 restore-failed | the dump could not be restored | read the message of pg_restore and run again; the half-made database goes at the next run
33 compare-failed | the restored rows are not those of the manifest | do not use the restored database; take another copy or an older artifact
34 switch-failed | the restored database could not take the name of the live one | the live database is unchanged; run again with --switch
40 install-failed | the host could not be set up | read the message of apt-get or install and run again
41 not-applied | systemd resolved something else than what was written | look at systemctl cat and systemctl show of the unit that is named
'

# exit_field NAME FIELD: FIELD is code, meaning or hint; prints it.
exit_field() {
  local head meaning hint
  while IFS='|' read -r head meaning hint; do
    [[ $head == *" $1 " ]] || continue
    case $2 in
      code) printf '%s' "${head%% *}" ;;
      meaning) printf '%s' "${meaning:1:-1}" ;;
      hint) printf '%s' "${hint:1}" ;;
    esac
    return 0
  done <<<"$GRANARY_EXIT_TABLE"
  return 1
}

# exit_name CODE: prints the name of a code, or "unknown".
exit_name() {
  local code name rest
  while read -r code name rest; do
    [[ $code == "$1" && -n $rest ]] && printf '%s' "$name" && return 0
  done <<<"$GRANARY_EXIT_TABLE"
  printf 'unknown'
}
