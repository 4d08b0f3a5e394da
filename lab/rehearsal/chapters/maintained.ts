import { boxIn, openState } from "../../attack/owner.js";
import { boxMachine } from "../../hosts/boxes.js";
import { execIn } from "../../hosts/machines.js";
import { shopServer, type Act } from "../act.js";
import { laptop } from "../laptop.js";

/** Older than the 30 days of a daily backup. */
const AGED = { stamp: "20200101T030000Z", created: "2020-01-01T03:00:00Z" };

/** On a box nothing expires by itself: `granary maintain` looks, then removes what its time is over for, and nothing else. */
export async function maintained(act: Act): Promise<void> {
  const { report, world } = act;
  await report.phase(
    "maintain",
    "what its time is over for goes from the box, from outside; locks are minded",
    async () => {
      const box = boxIn(await openState());
      const directory = `/jail/${String(box.outputs["username"])}/home/shop/daily/shop/orders`;
      const onBox = (script: string) =>
        execIn(boxMachine(Number(box.id)), ["/bin/bash", "-ec", `cd ${directory}\n${script}`]);
      const before = await onBox("ls");
      await onBox(AGE);
      const keys = ["--ssh-key", world.laptop.sshKey];
      const look = await laptop("maintain", ...keys);
      report.check(
        "maintenance looks, and would remove what is old",
        `0 true`,
        `${look.code} ${look.stdout.includes(`would go  daily/shop/orders/${AGED.stamp}`)}`,
      );
      report.check("a look removes nothing", true, (await onBox("ls")).includes(AGED.stamp));
      const real = await laptop("maintain", "--yes", ...keys);
      report.check("maintenance ends with", 0, real.code);
      if (real.code !== 0) report.say(real.stdout + real.stderr);
      report.check("after maintenance the box holds what is not old", before, await onBox("ls"));
      await (await shopServer(act)).run("granary-artifacts orders --copy box --verify");
    },
  );
}

/** A second verified backup of the job, years old: the newest one, put back in time. */
const AGE = `
manifest=$(ls *.json | tail -n 1); stamp=\${manifest%.json}
for file in "$stamp".*; do cp -p "$file" "${AGED.stamp}.\${file#*.}"; done
sed -i -e "s/$stamp/${AGED.stamp}/g" -e 's/"created": *"[^"]*"/"created":"${AGED.created}"/' ${AGED.stamp}.json`;
