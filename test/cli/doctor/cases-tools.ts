/** Programs and databases that are not as they should be. */
import type { Case } from "./spoil.js";
import { NOW } from "./well.js";

export const TOOL_CASES: Case[] = [
  [
    "a tool is gone",
    (text) => text.replace(/^restic\t.*$/m, "restic\t\t\t\t"),
    "tool-missing restic",
    ["apt-get update; apt-get install --reinstall -y restic"],
  ],
  [
    "a tool is in the way of another",
    (text) => text.replace(/^age\t.*$/m, "age\t/usr/local/bin/age\t1.1.1\t\t/usr/bin/age"),
    "tool-shadowed age",
    ["rm /usr/local/bin/age"],
  ],
  [
    "a tool was changed",
    (text) => text.replace("@@ verify \n", "@@ verify \nzstd ??5??????   /usr/bin/zstd\n"),
    "tool-changed /usr/bin/zstd",
    ["apt-get update; apt-get install --reinstall -y zstd"],
  ],
  [
    "the database is silent",
    (text) => text.replace(/^server 150018\n.*\n.*$/m, "psql: error: connection refused"),
    "database orders",
    ["docker start db"],
  ],
  [
    "pg_dump is older than the server",
    (text) => text.replace("server 150018", "server 160004"),
    "client orders",
    ["apt-get install -y postgresql-client-16"],
  ],
  [
    "mariadb-dump is older than the server",
    (text) => text.replace("server 10.11.18", "server 11.4.2"),
    "client blog",
    ["apt-get install -y mariadb-client"],
  ],
  [
    "the slot is gone",
    (text) => text.replace(/^slot .*$/m, ""),
    "slot-absent granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "nothing reads the slot",
    (text) => text.replace("slot t reserved", "slot f reserved"),
    "slot-inactive granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "the slot is lost",
    (text) => text.replace("slot t reserved", "slot t lost"),
    "slot-lost granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "the slot is far behind",
    (text) => text.replace("reserved 352152", "reserved 2147483649"),
    "slot-behind granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "the slot has no bound",
    (text) => text.replace("bound 4294967296", "bound -1"),
    "slot-bound granary_orders",
    ["systemctl restart granary-wal@orders"],
  ],
  [
    "nothing receives MariaDB's log",
    (text) =>
      text.replaceAll('"receiving": true', '"receiving": false').replace('"receiving": false', '"receiving": true'),
    "receiver granary-binlog@blog",
    ["systemctl restart granary-binlog@blog", "journalctl -u granary-binlog@blog -o cat -n 30"],
  ],
  [
    "the log's state is old",
    (text) => text.replace(new Date(NOW).toISOString(), new Date(NOW - 600_000).toISOString()),
    "log granary-wal@orders",
    ["systemctl restart granary-wal@orders", "journalctl -u granary-wal@orders -o cat -n 30"],
  ],
  [
    "the disk is nearly full",
    (text) => text.replace(" 73848913920 ", " 2000000 "),
    "space /",
    ["du -xh --max-depth=3 / | sort -h | tail -n 20"],
  ],
  [
    "the disk has no room for more files",
    (text) => text.replace(" 16075148 ", " 1000 "),
    "space /",
    ["du -xh --max-depth=3 / | sort -h | tail -n 20"],
  ],
  [
    "the clock is wrong",
    (text) => text.replace(/^now .*$/m, `now ${NOW / 1000 - 3600}`),
    "clock clock",
    ["timedatectl set-ntp true"],
  ],
];
