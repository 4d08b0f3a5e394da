import { execIn } from "../../hosts/machines.js";
import { serverMachine } from "../../hosts/servers.js";
import { shopServer, type Act } from "../act.js";
import { complaints, found, putRight, untilWell, visit } from "../doctor.js";
import { HOST_KEY, TAMPERINGS } from "../tamperings.js";

/** A host that is well; then all that can be done to it, found and put right by what was printed. */
export async function examined(act: Act): Promise<void> {
  const { report } = act;
  const what = `granary doctor finds each of ${TAMPERINGS.length + 1} tamperings, and its own commands put them right`;
  await report.phase("doctor", what, async () => {
    const server = await shopServer(act);
    report.check("the doctor has nothing to say of a host that is well", "0 nothing", complaints(await visit(act)));
    await server.run(TAMPERINGS.map(({ shell }) => `( ${shell} )`).join("\n"));
    const seen = await visit(act);
    report.checks(found(TAMPERINGS, seen));
    await putRight(act, server, seen);
    await server.run(HOST_KEY.shell);
    report.checks(found([HOST_KEY], await visit(act)));
    await execIn(serverMachine(await serverId(act)), ["/bin/bash", "-ec", HOST_KEY.undo]);
    report.check("the doctor has nothing to say when all is put right", "0 nothing", await untilWell(act));
  });
}

async function serverId({ world }: Act): Promise<number> {
  const headers = { authorization: `Bearer ${world.secrets.token}` };
  const response = await fetch(`${world.clouds.url("api.hetzner")}/v1/servers`, { headers });
  return ((await response.json()) as { servers: { id: number }[] }).servers[0]!.id;
}
