/** Settings, rights and the machine that are not as they should be. */
import { added, change, UP, without, type Case } from "./spoil.js";
import { LIB } from "./well.js";

export const HOST_CASES: Case[] = [
  ["settings are others", change("/etc/granary/media.env"), "settings-changed /etc/granary/media.env", [UP]],
  ["settings are gone", without("/etc/granary/media.env"), "settings-missing /etc/granary/media.env", [UP]],
  [
    "settings of no job",
    added("600 0:0 regular file\t'/etc/granary/old.env'"),
    "job-left /etc/granary/old.env",
    [`${LIB}/host/remove-job old`],
  ],
  [
    "settings may be read",
    (text) =>
      text.replace(
        "600 0:0 regular file\t'/etc/granary/orders.env'",
        "640 0:33 regular file\t'/etc/granary/orders.env'",
      ),
    "permissions /etc/granary/orders.env",
    ["chown -h root:root /etc/granary/orders.env; chmod go= /etc/granary/orders.env"],
  ],
  [
    "there is no state",
    without("/var/lib/granary"),
    "permissions /var/lib/granary",
    ["install -d -m 0700 /var/lib/granary"],
  ],
  [
    "the pinned key of the box is another",
    change("/etc/granary/known_hosts"),
    "known-hosts /etc/granary/known_hosts",
    [UP],
  ],
  [
    "a key is another one",
    (text) => text.replace("AAAAKEYOFTHISHOST", "AAAAANOTHER"),
    "key /etc/granary/box_ed25519",
    [
      "rm -f /etc/granary/box_ed25519 /etc/granary/box_ed25519.pub",
      "pulumi up --stack prod --replace '**::shop-box-key'",
    ],
  ],
  [
    "cron starts it too",
    added("644 0:0 regular file\t'/etc/cron.d/granary-media'"),
    "cron-left /etc/cron.d/granary-media",
    ["rm -f /etc/cron.d/granary-media"],
  ],
];
