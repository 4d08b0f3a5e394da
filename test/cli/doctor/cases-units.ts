/** Scripts and units that are not as they should be. */
import { added, change, property, RELOAD, UNITS, UP, without, type Case } from "./spoil.js";
import { LIB } from "./well.js";

export const UNIT_CASES: Case[] = [
  ["a script is another one", change(`${LIB}/granary-backup`), `script-changed ${LIB}/granary-backup`, [UP]],
  ["a script is gone", without(`${LIB}/granary-backup`), `script-missing ${LIB}/granary-backup`, [UP]],
  ["a script was added", added(`644 0:0 regular file\t'${LIB}/lib/x.sh'`), `script-extra ${LIB}/lib/x.sh`, [UP]],
  [
    "a script belongs to somebody",
    (text) =>
      text.replace(`755 0:0 regular file\t'${LIB}/granary-base'`, `755 33:33 regular file\t'${LIB}/granary-base'`),
    `script-mode ${LIB}/granary-base`,
    [UP],
  ],
  [
    "a directory of scripts may be written to",
    (text) => text.replace(`755 0:0 directory\t'${LIB}/lib'`, `777 0:0 directory\t'${LIB}/lib'`),
    `script-mode ${LIB}/lib`,
    [UP],
  ],
  [
    "a command is another one",
    (text) => text.replace(`-> '${LIB}/granary-wal'`, "-> '/tmp/x'"),
    "link /usr/local/sbin/granary-wal",
    [UP],
  ],
  ["a unit is another one", change(`${UNITS}/granary@.timer`), `unit-changed ${UNITS}/granary@.timer`, [UP]],
  ["a unit is gone", without(`${UNITS}/granary@.timer`), `unit-missing ${UNITS}/granary@.timer`, [UP]],
  [
    "a schedule is another one",
    change(`${UNITS}/granary@media.timer.d/schedule.conf`),
    `schedule ${UNITS}/granary@media.timer.d/schedule.conf`,
    [UP],
  ],
  [
    "a drop-in",
    added(`644 0:0 regular file\t'${UNITS}/granary@media.service.d/x.conf'`),
    `override ${UNITS}/granary@media.service.d/x.conf`,
    [`rm -f ${UNITS}/granary@media.service.d/x.conf; ${RELOAD}`],
  ],
  [
    "a drop-in for all services",
    property("granary@media.service", "DropInPaths", `${UNITS}/service.d/all.conf`),
    `override ${UNITS}/service.d/all.conf`,
    [`rm -f ${UNITS}/service.d/all.conf; ${RELOAD}`],
  ],
  [
    "systemd resolved something else",
    property("granary-wal@orders.service", "NoNewPrivileges", "no"),
    "property granary-wal@orders.service",
    [UP],
  ],
  [
    "files newer than what systemd read",
    property("granary@media.timer", "NeedDaemonReload", "yes"),
    "reload granary@media.timer",
    [RELOAD],
  ],
  [
    "a timer is off",
    property("granary@media.timer", "ActiveState", "inactive"),
    "unit-off granary@media.timer",
    ["systemctl unmask granary@media.timer; systemctl enable --now granary@media.timer"],
  ],
  [
    "a timer goes by another time",
    property("granary@media.timer", "TimersCalendar", "{ OnCalendar=2099-01-01 00:00:00 ; next_elapse=x }"),
    "schedule granary@media.timer",
    [UP],
  ],
  [
    "a timer has no next start",
    property("granary@media.timer", "NextElapseUSecRealtime", ""),
    "schedule granary@media.timer",
    [UP],
  ],
  [
    "a timer is not persistent",
    property("granary@media.timer", "Persistent", "no"),
    "property granary@media.timer",
    [UP],
  ],
  [
    "the log's service is off",
    property("granary-binlog@blog.service", "ActiveState", "failed"),
    "service-off granary-binlog@blog.service",
    [
      "systemctl unmask granary-binlog@blog.service; systemctl enable --now granary-binlog@blog.service",
      "journalctl -u granary-binlog@blog.service -o cat -n 30",
    ],
  ],
  [
    "the last run failed",
    property("granary@media.service", "Result", "exit-code"),
    "last-run granary@media.service",
    ["journalctl -u granary@media.service -o cat -n 30"],
  ],
  [
    "a timer of no job",
    (text) => text.replace("@@ loaded \n", "@@ loaded \ngranary@old.timer active\n"),
    "unit-left granary@old.timer",
    ["systemctl disable --now granary@old.timer; systemctl reset-failed granary@old.timer 2>/dev/null; true"],
  ],
];
