/** Who is told how a run goes: a real curl and a real server for what works, fakes for what does not. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { host } from "./faults.js";

const FAILING = `[[ $* == *copy*\\ b:* || $* == *b:*copy* ]] && { echo no >&2; exit 1; }; exec "$REAL" "$@"`;

let server: Server;
let told: string[];
let answer = 200;

beforeEach(async () => {
  told = [];
  answer = 200;
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      told.push(`${request.url}${body === "" ? "" : ` ${body.trim()}`}`);
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  host.writeEnv({
    GRANARY_ALERT_PING: `http://127.0.0.1:${port}/PLANTED-PING`,
    GRANARY_ALERT_WEBHOOK: `http://127.0.0.1:${port}/PLANTED-HOOK`,
  });
});
afterEach(() => server.close());

describe("a run tells", () => {
  it("its start and its success, and no message", async () => {
    const { code, stderr } = await host.backup();
    expect(code).toBe(0);
    expect(told).toEqual(["/PLANTED-PING/start", "/PLANTED-PING"]);
    expect(stderr).not.toMatch(/PLANTED|notify-failed/);
  });

  it("its failure with the code, and a message that names what is wrong", async () => {
    host.fake("rclone", FAILING);
    const { code, stderr } = await host.backup();
    expect(code).toBe(22);
    expect(told.slice(0, 2)).toEqual(["/PLANTED-PING/start", "/PLANTED-PING/22"]);
    const text =
      "Backup of shop/orders FAILED: copy-failed (code 22). Good in: a. Not in: b. On the host: journalctl -u granary@orders";
    expect(told.slice(2)).toEqual([`/PLANTED-HOOK ${JSON.stringify({ text })}`]);
    expect(stderr).not.toContain("PLANTED");
  });

  it("by Telegram, whose token no list of processes shows", async () => {
    host.writeEnv({
      ...{ GRANARY_ALERT_PING: undefined, GRANARY_ALERT_WEBHOOK: undefined },
      ...{ GRANARY_ALERT_TELEGRAM_TOKEN: "1:PLANTED", GRANARY_ALERT_TELEGRAM_CHAT: "-100" },
    });
    host.fake("rclone", FAILING);
    host.fake("curl", `{ printf '%s ' "$*"; cat; cat <&3; } >"$GRANARY_ROOT/curl"`);
    expect((await host.backup()).code).toBe(22);
    const [args, body] = readFileSync(join(host.root, "curl"), "utf8").trim().split("\n") as [string, string];
    const [shown, config] = args.split("--config - ") as [string, string];
    expect(shown).not.toMatch(/PLANTED|-100/);
    expect(config).toBe('url = "https://api.telegram.org/bot1:PLANTED/sendMessage"');
    expect(JSON.parse(body)).toMatchObject({ chat_id: "-100", text: expect.stringContaining("FAILED") as string });
  });
});

describe("a notifier that fails", () => {
  it.each<[string, () => void, RegExp]>([
    ["with an answer", () => (answer = 500), /event=notify-failed job=orders to=ping message="curl ended with 22"/],
    ["without one", () => server.close(), /event=notify-failed job=orders to=ping message="curl ended with 7"/],
    [
      "in itself",
      () => host.fake("curl", "exit 2"),
      /event=notify-failed job=orders to=ping message="curl ended with 2"/,
    ],
  ])("%s does not turn a good backup red", async (_, spoil, event) => {
    spoil();
    const { code, stderr } = await host.backup();
    expect([code, host.lastState()]).toMatchObject([0, { ok: true }]);
    expect(stderr).toMatch(event);
    expect(stderr).not.toContain("PLANTED");
  });

  it("does not hide a red one either", async () => {
    answer = 500;
    host.fake("rclone", FAILING);
    const { code, stderr } = await host.backup();
    expect([code, host.lastState()]).toMatchObject([22, { ok: false, name: "copy-failed" }]);
    expect(stderr.match(/notify-failed/g)).toHaveLength(3);
  });
});
