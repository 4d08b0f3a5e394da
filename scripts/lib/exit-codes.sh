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
13 tool-missing | a program that is needed is not installed | run bash /usr/local/lib/granary.incoming/host/install on this host
14 clock | the clock of this host cannot be right | set the clock (timedatectl set-ntp true) and run again
15 space | the disk is full or too small for one more artifact | free space under /var/backups/granary and run again
16 database-unreachable | the database server does not answer or refuses the login | check that it runs, the user, the password and the database name
17 container-absent | the container of the database does not run | start it, or correct its name in the settings
18 version | a client program is older than the database server | install the client programs of the version of the server
19 dump-failed | what is to be saved could not be read to its end | read the message of the tool (pg_dump, tar, git) and check its rights
20 encrypt-failed | compressing, encrypting or writing the artifact failed | read the message and run again; nothing was published
21 verify-failed | the artifact is not what was written, so it was thrown away | check memory and disk of this host, then run again
22 copy-failed | at least one copy did not get a verified artifact | check that the named copy can be reached and run again; the others have theirs
23 manifest | there is no valid manifest for what was asked | list what there is with granary-artifacts
24 fetch-failed | the copy could not be read | check the network and the keys of that copy, or take another copy with --copy
25 artifact-corrupt | a stored artifact differs from its manifest | take another copy with --copy, or an older one with --at
26 wal-stalled | the continuous log does not reach every copy in time | read the message and the journal of granary-wal@JOB (MariaDB, MySQL: granary-binlog@JOB); docs/continuous.md and docs/mariadb.md have the remedies
27 wal-gap | a piece of the continuous log is missing, or no base backup belongs to it | let granary-base JOB (MariaDB, MySQL: granary-backup JOB) finish; to recover, take another copy with --copy, or a time before the gap with --at
28 source-missing | a path or a repository of the settings is not there | correct the settings, or bring the path back; a backup without it would look whole
29 push-failed | the Git remote did not take every branch and tag | read the message; the copies have the bundle. add the deploy key of this host, or settle a rewritten branch by hand
30 identity-wrong | the age identity does not open this artifact | give the identity of one of the recipients of the backup on standard input
31 target-live | what is to be restored into exists already | name another one with --into, or remove it yourself if it is not needed
32 restore-failed | the opened artifact could not be restored | read the message of the tool (pg_restore, tar, git, restic) and run again; what is half-made goes at the next run
33 compare-failed | what was restored is not what the manifest counts | do not use it; take another copy with --copy, or an older backup with --at
34 switch-failed | the restored database could not take the name of the live one | the live database is unchanged; run again with --switch
35 recovery-failed | the database server could not be recovered from the base backup and its log | read the last lines of the server in the message; take another copy with --copy, or another time with --at
36 wal-settings | the settings of the database server do not allow continuous backup | change the server as the message says, then restart it
37 repository-key | the password of the job does not open the repository in a copy | nothing was changed there; restore the password of the settings, or take it from files/HOST/JOB.password.age; a new repository needs another job name
38 repository-locked | somebody else works in the repository, or ended without letting go | wait for the maintenance to end; if none runs, restic unlock from where the message says the lock is
39 held | this host is being brought back, and no job of it runs meanwhile | let granary recover finish, or run granary-hold off when the host is whole
40 install-failed | the host could not be set up | read the message of apt-get or install and run again
41 not-applied | systemd resolved something else than what was written | look at systemctl cat and systemctl show of the unit that is named
42 cron | on this host without systemd, cron would not start jobs or not at their time | install and start cron, set the zone to UTC (ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime), restart cron and deploy again
43 app-failed | the containers of the shop could not be made or started | read what compose said, and run again
50 replica-behind | a replica is, or was until now, more than a day behind its source | read the message and look at the runs since: systemctl list-timers and journalctl -u granary@JOB; docs/replication.md has more
51 source-changed | backups at the source of a replica were overwritten, or are gone before their time | the replica has them as they were: find out who did it before anything else, then put them back; docs/replication.md says how
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
