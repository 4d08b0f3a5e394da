/** E-mail: the real curl and a mail server on loopback. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { host } from "./faults.js";
import { finished, path, scripts, type Result } from "./harness.js";
import { MailServer } from "./smtp.js";

const FAILING = `[[ $* == *copy*\\ b:* || $* == *b:*copy* ]] && { echo no >&2; exit 1; }; exec "$REAL" "$@"`;
const PASSWORD = `PLANTED "quoted" \\ slash: 'x'`;

let server: MailServer;

beforeEach(() => void (server = new MailServer()));
afterEach(() => server.close());

async function mail(subject: string, body: string, env: Record<string, string> = {}): Promise<Result> {
  const all = { PATH: path, MAIL_FROM: "granary@shop.example", MAIL_TO: "owner@shop.example", ...env };
  const child = spawn("bash", [join(scripts, "host/mail"), subject], { env: all });
  child.stdin.end(body);
  return finished(child);
}

const plain = () => ({ MAIL_SERVER: `smtp://${server.at}` });
const trusted = (scheme: string) => ({
  MAIL_SERVER: `${scheme}://${server.at}`,
  CURL_CA_BUNDLE: server.certificate,
});

describe("a message", () => {
  it("arrives whole, with a date and an id, in every language", async () => {
    await server.start("plain");
    const body = `été\n.\n..dots\n${"long ".repeat(400)}end`;
    expect(await mail("Backup of shop/orders FAILED", body, plain())).toMatchObject({ code: 0, stderr: "" });
    const [{ headers, ...told }] = server.mails as [(typeof server.mails)[0]];
    expect(told).toEqual({
      ...{ from: "granary@shop.example", to: "owner@shop.example", login: undefined, encrypted: false },
      body: `${body}\n`,
    });
    expect(headers).toMatchObject({
      From: "Granary <granary@shop.example>",
      To: "<owner@shop.example>",
      Subject: "Backup of shop/orders FAILED",
      "Auto-Submitted": "auto-generated",
    });
    expect(Math.abs(Date.parse(headers["Date"]!) - Date.now())).toBeLessThan(60_000);
    expect(headers["Message-ID"]).toMatch(/^<[\d.]+@shop\.example>$/);
  });

  it("makes no header, whatever its subject and its text are", async () => {
    await server.start("plain");
    const planted = "x\r\nBcc: thief@example.com\r\n\r\nhello\r\n.\r\nMAIL FROM:<thief@example.com>";
    expect((await mail(planted, planted, plain())).code).toBe(0);
    expect(server.mails.map(({ to }) => to)).toEqual(["owner@shop.example"]);
    const { headers, body } = server.mails[0]!;
    expect(Object.keys(headers)).toEqual([
      ...["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"],
      ...["MIME-Version", "Content-Type", "Content-Transfer-Encoding"],
    ]);
    expect(headers["Subject"]).toBe(planted.replace(/[\r\n]/g, "?"));
    expect(body).toBe(`${planted}\n`);
  });

  it.each(["tls", "starttls"] as const)("goes with %s, and with a password that nothing else sees", async (how) => {
    server.login = `granary:${PASSWORD}`;
    await server.start(how, "127.0.0.2");
    const login = { MAIL_USER: "granary", MAIL_PASSWORD: PASSWORD };
    const { code, stderr } = await mail("s", "b", { ...trusted(how === "tls" ? "smtps" : "smtp"), ...login });
    expect([code, stderr]).toEqual([0, ""]);
    expect(server.mails).toMatchObject([{ login: server.login, encrypted: true, body: "b\n" }]);
  });
});

describe("a mail server", () => {
  it("that refuses one address still tells the others", async () => {
    server.refused = ["gone@shop.example"];
    await server.start("plain");
    const to = { MAIL_TO: "gone@shop.example owner@shop.example" };
    const { code, stderr } = await mail("s", "b", { ...plain(), ...to });
    expect([code, stderr]).toEqual([1, "gone@shop.example was not told: curl ended with 55\n"]);
    expect(server.mails.map((it) => it.to)).toEqual(["owner@shop.example"]);
  });

  it("whose certificate is not trusted gets neither message nor password", async () => {
    await server.start("tls");
    const env = { MAIL_SERVER: `smtps://${server.at}` };
    const { code, stderr } = await mail("s", "b", { ...env, MAIL_USER: "granary", MAIL_PASSWORD: PASSWORD });
    expect([code, stderr]).toEqual([1, "owner@shop.example was not told: curl ended with 60\n"]);
    expect(server.mails).toEqual([]);
  });

  it("that has no TLS gets neither, unless it is this machine", async () => {
    await server.start("plain", "127.0.0.2");
    const login = { MAIL_USER: "granary", MAIL_PASSWORD: PASSWORD };
    const { code, stderr } = await mail("s", "b", {
      MAIL_SERVER: `smtp://${server.at}`,
      ...login,
    });
    expect([code, stderr]).toEqual([1, "owner@shop.example was not told: curl ended with 64\n"]);
    expect(server.mails).toEqual([]);
  });
});

describe("a run that fails", () => {
  const settings = (password: string) => ({
    GRANARY_ALERT_EMAIL_SERVER: `smtp://${server.at}`,
    GRANARY_ALERT_EMAIL_FROM: "granary@shop.example",
    GRANARY_ALERT_EMAIL_TO: "owner@shop.example agency@shop.example",
    GRANARY_ALERT_EMAIL_USER: "granary",
    GRANARY_ALERT_EMAIL_PASSWORD: password,
  });

  it("tells everybody by e-mail, with a password that no list of processes shows", async () => {
    server.login = `granary:${PASSWORD}`;
    await server.start("plain");
    host.writeEnv(settings(PASSWORD));
    host.fake("rclone", FAILING);
    host.fake("curl", `echo "$*" >>"$GRANARY_ROOT/curl"; exec "$REAL" "$@"`);
    const { code, stderr } = await host.backup();
    expect(code).toBe(22);
    const text =
      "Backup of shop/orders FAILED: copy-failed (code 22). Good in: a. Not in: b. On the host: journalctl -u granary@orders\n";
    expect(server.mails.map(({ to, body, headers }) => [to, body, headers["Subject"]])).toEqual(
      ["owner", "agency"].map((name) => [`${name}@shop.example`, text, "Backup of shop/orders FAILED: copy-failed"]),
    );
    expect(stderr + readFileSync(join(host.root, "curl"), "utf8")).not.toMatch(/PLANTED|notify-failed/);
  });

  it("stays what it was when the mail server refuses, and a good one tells nobody", async () => {
    server.login = "granary:another";
    await server.start("plain");
    host.writeEnv(settings("PLANTED"));
    expect(await host.backup()).toMatchObject({ code: 0, stderr: expect.not.stringContaining("notify") as string });
    host.fake("rclone", FAILING);
    const { code, stderr } = await host.backup();
    expect([code, host.lastState()]).toMatchObject([22, { ok: false, name: "copy-failed" }]);
    expect(
      stderr.match(/event=notify-failed job=orders to=\w+@shop.example message="[^"]*curl ended with 67"/g),
    ).toHaveLength(2);
    expect(stderr).not.toContain("PLANTED");
  });
});
