/** What somebody could do to a host, by mistake or on purpose, and what `granary doctor` must say of it. */

export interface Tampering {
  name: string;
  /** Done by root on the shop's server. */
  shell: string;
  /** `check subject` of the finding that must come of it. */
  finds: string;
  /** What no command that could be printed puts right. */
  undo?: string;
}

const LIB = "/usr/local/lib/granary";
const ETC = "/etc/granary";
const UNITS = "/etc/systemd/system";
const RELOAD = "systemctl daemon-reload";

/** They do not hide each other: all are done, then the doctor comes once. */
export const TAMPERINGS: readonly Tampering[] = [
  // First: a service that runs puts some of the others right when it is started again.
  {
    name: "the log is no longer received",
    shell: "systemctl stop granary-wal@orders",
    finds: "slot-inactive granary_orders",
  },
  {
    name: "MariaDB's log is no longer received",
    shell: "systemctl disable --now granary-binlog@blog",
    finds: "service-off granary-binlog@blog.service",
  },
  {
    name: "a script is changed",
    shell: `echo '# changed' >>${LIB}/granary-restore`,
    finds: `script-changed ${LIB}/granary-restore`,
  },
  {
    name: "a script is deleted",
    shell: `rm ${LIB}/host/staging-network`,
    finds: `script-missing ${LIB}/host/staging-network`,
  },
  {
    name: "a script is added",
    shell: `echo 'curl attacker' >${LIB}/lib/kinds/extra.sh`,
    finds: `script-extra ${LIB}/lib/kinds/extra.sh`,
  },
  {
    name: "anybody may write to a script",
    shell: `chmod 0777 ${LIB}/lib/undo.sh`,
    finds: `script-mode ${LIB}/lib/undo.sh`,
  },
  {
    name: "a command is another one",
    shell: "ln -sfn /bin/true /usr/local/sbin/granary-backup",
    finds: "link /usr/local/sbin/granary-backup",
  },
  {
    name: "a unit loses its sandbox",
    shell: `sed -i '/^ProtectSystem=/d' ${UNITS}/granary-base@.service; ${RELOAD}`,
    finds: `unit-changed ${UNITS}/granary-base@.service`,
  },
  {
    name: "and systemd has taken it",
    shell: "true",
    finds: "property granary-base@orders.service",
  },
  {
    name: "a drop-in lifts the limits of a job",
    shell: `install -d ${UNITS}/granary@orders.service.d; printf '[Service]\\nNice=-5\\nNoNewPrivileges=no\\n' >${UNITS}/granary@orders.service.d/fast.conf; ${RELOAD}`,
    finds: `override ${UNITS}/granary@orders.service.d/fast.conf`,
  },
  {
    name: "another unit stands in for a job",
    shell: `printf '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n' >${UNITS}/granary@code.service; ${RELOAD}`,
    finds: `override ${UNITS}/granary@code.service`,
  },
  {
    name: "a limit is set at run time",
    shell: "systemctl set-property --runtime granary-wal@orders.service MemoryHigh=64M",
    finds: "property granary-wal@orders.service",
  },
  {
    name: "a timer is disabled",
    shell: "systemctl disable --now granary@media.timer",
    finds: "unit-off granary@media.timer",
  },
  {
    name: "a timer is masked",
    shell: "systemctl mask --now granary@logs.timer",
    finds: "unit-off granary@logs.timer",
  },
  {
    name: "a job is put off to next year",
    shell: `sed -i 's/^OnCalendar=..*/OnCalendar=2099-01-01/' ${UNITS}/granary@configs.timer.d/schedule.conf; ${RELOAD}; systemctl restart granary@configs.timer`,
    finds: "schedule granary@configs.timer",
  },
  {
    name: "backups are made for another recipient",
    shell: `sed -i 's/^GRANARY_RECIPIENTS=.*/GRANARY_RECIPIENTS=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p/' ${ETC}/configs.env`,
    finds: `settings-changed ${ETC}/configs.env`,
  },
  {
    name: "the settings of a job are gone",
    shell: `rm ${ETC}/logs.env`,
    finds: `settings-missing ${ETC}/logs.env`,
  },
  {
    name: "credentials can be read by others",
    shell: `chmod 0644 ${ETC}/orders.env`,
    finds: `permissions ${ETC}/orders.env`,
  },
  {
    name: "a key can be read by others",
    shell: `chmod 0640 ${ETC}/box_ed25519`,
    finds: `permissions ${ETC}/box_ed25519`,
  },
  {
    name: "local backups can be read by others",
    shell: "chmod 0755 /var/backups/granary",
    finds: "permissions /var/backups/granary",
  },
  {
    name: "Granary's state belongs to somebody else",
    shell: "chown nobody /var/lib/granary",
    finds: "permissions /var/lib/granary",
  },
  {
    name: "a key is exchanged",
    shell: `rm ${ETC}/restic-media_ed25519*; ssh-keygen -q -t ed25519 -N '' -f ${ETC}/restic-media_ed25519`,
    finds: `key ${ETC}/restic-media_ed25519`,
  },
  {
    name: "another box is believed to be ours",
    shell: `sed -i 's/AAAA[^ ]*/AAAAC3NzaC1lZDI1NTE5AAAAIPibeG7H2wsZfO4WCo2IH8XF0XTvNv5JdqL9XURfiUrj/' ${ETC}/known_hosts`,
    finds: `known-hosts ${ETC}/known_hosts`,
  },
  {
    name: "a job that was removed left its credentials",
    shell: `sed 's/^GRANARY_JOB=.*/GRANARY_JOB=oldshop/' ${ETC}/code.env >${ETC}/oldshop.env; chmod 0600 ${ETC}/oldshop.env`,
    finds: `job-left ${ETC}/oldshop.env`,
  },
  {
    name: "a timer of no job goes on",
    shell: "systemctl enable --now granary@oldblog.timer",
    finds: "unit-left granary@oldblog.timer",
  },
  {
    name: "cron starts a job a second time",
    shell: `echo '0 3 * * * root ${LIB}/granary-backup orders' >/etc/cron.d/granary-orders`,
    finds: "cron-left /etc/cron.d/granary-orders",
  },
  {
    name: "age is replaced by somebody's own",
    shell: "printf '#!/bin/sh\\nexec /usr/bin/age \"$@\"\\n' >/usr/local/bin/age; chmod 0755 /usr/local/bin/age",
    finds: "tool-shadowed age",
  },
  {
    name: "a program is not what its package installed",
    shell: "echo >>/usr/bin/zstd",
    finds: "tool-changed /usr/bin/zstd",
  },
  {
    name: "a program is gone",
    shell: "rm /usr/bin/restic",
    finds: "tool-missing restic",
  },
  {
    name: "the slot may fill the disk",
    shell:
      "docker exec postgres_container psql -XqU postgres -c 'ALTER SYSTEM SET max_slot_wal_keep_size = -1' -c 'SELECT pg_reload_conf()'",
    finds: "slot-bound granary_orders",
  },
  {
    name: "the disk of the local backups is full",
    shell: "mount -t tmpfs -o size=512k,mode=0755 tmpfs /var/backups/granary",
    finds: "space /var/backups/granary",
    undo: "umount /var/backups/granary",
  },
];

/** Nobody who pins host keys can log in to undo it. */
export const HOST_KEY = {
  name: "the machine has another host key",
  shell:
    "cd /etc/ssh; mkdir kept; mv ssh_host_*_key* kept; ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key; systemctl restart ssh",
  finds: "host-key shop",
  undo: "cd /etc/ssh; mv kept/* .; rmdir kept; systemctl restart ssh",
} as const satisfies Tampering;
