/** A mail server on loopback that takes messages and remembers them: in plain, with STARTTLS, or with TLS from the start. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, TLSSocket } from "node:tls";

export interface Mail {
  from: string;
  to: string;
  /** `name:password` as it was given; undefined without a login. */
  login?: string | undefined;
  encrypted: boolean;
  headers: Record<string, string>;
  body: string;
}

interface Identity {
  key: Buffer;
  cert: Buffer;
}

export class MailServer {
  readonly mails: Mail[] = [];
  /** Recipients it refuses. */
  refused: string[] = [];
  /** The only login it takes; undefined: it asks for none. */
  login: string | undefined;
  private readonly dir = mkdtempSync("/dev/shm/granary-mail-");
  private server!: Server;

  get certificate(): string {
    return join(this.dir, "cert.pem");
  }

  /** HOST:PORT */
  get at(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  /** @param at an address of this machine; 127.0.0.2 is one that the scripts do not take for it */
  async start(how: "plain" | "starttls" | "tls", at = "127.0.0.1"): Promise<void> {
    const tls = how === "plain" ? undefined : this.identity();
    this.server =
      how === "tls"
        ? createTlsServer(tls!, (socket) => this.talk(socket, true))
        : createServer((socket) => this.talk(socket, false, tls));
    await new Promise<void>((done) => this.server.listen(0, at, done));
  }

  close(): void {
    this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private identity(): Identity {
    const key = join(this.dir, "key.pem");
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    const name = ["-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1,IP:127.0.0.2"];
    execFileSync("openssl", [...args, ...name, "-keyout", key, "-out", this.certificate], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(this.certificate) };
  }

  private talk(socket: Socket, encrypted: boolean, tls?: Identity, upgraded = false): void {
    const dialogue = new Dialogue(this, socket, encrypted, tls && (() => this.upgrade(socket, tls)));
    let rest = "";
    socket.on("error", () => undefined); // who does not trust the certificate hangs up
    socket.on("data", (piece: Buffer) => {
      const lines = (rest + piece.toString("latin1")).split("\r\n");
      rest = lines.pop()!;
      for (const line of lines) dialogue.hear(line);
    });
    if (!upgraded) dialogue.say("220 mail");
  }

  private upgrade(socket: Socket, tls: Identity): void {
    socket.removeAllListeners("data");
    this.talk(new TLSSocket(socket, { isServer: true, ...tls }), true, undefined, true);
  }
}

/** One connection. */
class Dialogue {
  private mail: Partial<Mail> = {};
  private data: string[] | undefined;
  private asked = false;

  constructor(
    private readonly server: MailServer,
    private readonly socket: Socket,
    private readonly encrypted: boolean,
    private readonly upgrade: (() => void) | undefined,
  ) {}

  say(line: string): void {
    this.socket.write(`${line}\r\n`);
  }

  hear(line: string): void {
    if (this.data !== undefined) return this.text(line, this.data);
    if (!this.asked) return this.command(line);
    this.asked = false;
    this.mail.login = Buffer.from(line, "base64").toString().split("\0").slice(1).join(":");
    this.say(this.mail.login === this.server.login ? "235 welcome" : "535 no");
  }

  private text(line: string, data: string[]): void {
    if (line !== ".") return void data.push(line.replace(/^\./, ""));
    this.server.mails.push(parsed({ ...this.mail, encrypted: this.encrypted }, data));
    this.data = undefined;
    this.say("250 taken");
  }

  private command(line: string): void {
    switch (line.split(" ")[0]!.toUpperCase()) {
      case "EHLO":
        return this.say(`250-mail\r\n${this.upgrade ? "250-STARTTLS\r\n" : ""}250 AUTH PLAIN`);
      case "STARTTLS":
        this.say("220 go on");
        return this.upgrade?.();
      case "AUTH":
        this.asked = true;
        return this.say("334 ");
      case "MAIL":
        this.mail.from = address(line);
        return this.say(this.server.login === this.mail.login ? "250 ok" : "530 log in first");
      case "RCPT":
        this.mail.to = address(line);
        return this.say(this.server.refused.includes(this.mail.to) ? "550 nobody of that name" : "250 ok");
      case "DATA":
        this.data = [];
        return this.say("354 go on");
      case "QUIT":
        this.say("221 bye");
        return void this.socket.end();
      default:
        return this.say("500 what?");
    }
  }
}

const address = (line: string): string => /<(.*)>/.exec(line)?.[1] ?? "";

function parsed(mail: Partial<Mail>, lines: string[]): Mail {
  const end = lines.indexOf("");
  const headers = Object.fromEntries(lines.slice(0, end).map((line) => line.split(/: (.*)/s, 2) as [string, string]));
  const body = Buffer.from(lines.slice(end + 1).join(""), "base64").toString();
  const { from = "", to = "", login, encrypted = false } = mail;
  return { from, to, login, encrypted, headers, body };
}
