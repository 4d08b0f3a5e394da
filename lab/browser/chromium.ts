import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { connect } from "node:tls";

const LONGEST_SECONDS = 30;

/** Where a site is, whoever its name points to, and who signs for it. */
export interface Site {
  domain: string;
  address: string;
  /** Certificate authority, PEM. */
  ca: string;
}

/** Whether there is a Chromium on this machine. */
export const chromiumIsThere = (): boolean => spawnSync("chromium", ["--version"]).status === 0;

type Answer = Record<string, unknown>;

/** One window of a headless Chromium, told what to do over a pipe: no port is open. */
export class Window {
  private id = 0;
  private rest = "";
  private session?: string;
  private readonly waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  private loaded: () => void = () => undefined;

  private constructor(
    private readonly browser: ChildProcess,
    private readonly profile: string,
  ) {
    (browser.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => this.heard(text));
    browser.once("close", () => this.waiting.forEach(({ reject }) => reject(new Error("Chromium has ended"))));
  }

  /** Opens one that knows the site's address, and takes the certificate that the site's authority signed. */
  static async open(site: Site): Promise<Window> {
    const profile = await mkdtemp(join(tmpdir(), "granary-chromium-"));
    const options = [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--window-size=1100,850"],
      ...[`--user-data-dir=${profile}`, `--host-resolver-rules=MAP ${site.domain} ${site.address}`],
      `--ignore-certificate-errors-spki-list=${await signedKey(site)}`,
    ];
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"] as const;
    const window = new Window(spawn("chromium", [...options, "about:blank"], { stdio: [...stdio] }), profile);
    const { targetInfos } = (await window.tell("Target.getTargets")) as { targetInfos: Record<string, string>[] };
    const { targetId } = targetInfos.find(({ type }) => type === "page")!;
    const { sessionId } = await window.tell("Target.attachToTarget", { targetId, flatten: true });
    window.session = sessionId as string;
    await window.tell("Page.enable");
    return window;
  }

  /** @throws Error when the page cannot be loaded, for a certificate that is not trusted among others */
  async visit(url: string): Promise<void> {
    await this.leads(async () => {
      const { errorText } = (await this.tell("Page.navigate", { url })) as { errorText?: string };
      if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    });
  }

  /** Types into a field, as a person does. */
  async type(field: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(field)}).focus()`);
    await this.tell("Input.insertText", { text });
  }

  /** Clicks on something that leads to another page. */
  async click(element: string): Promise<void> {
    await this.leads(() => this.evaluate(`document.querySelector(${JSON.stringify(element)}).click()`));
  }

  /** @returns the value of an expression in the page */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.tell("Runtime.evaluate", { expression, returnByValue: true });
    const { result, exceptionDetails } = answer as { result: { value?: unknown }; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  async picture(file: string): Promise<void> {
    const { data } = await this.tell("Page.captureScreenshot", { format: "png" });
    await writeFile(file, Buffer.from(data as string, "base64"));
  }

  async close(): Promise<void> {
    this.browser.kill("SIGKILL");
    if (this.browser.exitCode === null && this.browser.signalCode === null) await once(this.browser, "close");
    await rm(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** Does what leads to a page, and waits until that is loaded. */
  private async leads(act: () => Promise<unknown>): Promise<void> {
    const loaded = new Promise<void>((resolve) => (this.loaded = resolve));
    await act();
    await inTime(loaded, "no page was loaded");
  }

  private tell(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.id;
    const session = this.session === undefined ? {} : { sessionId: this.session };
    (this.browser.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const answer = new Promise<Answer>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    return inTime(answer, `no answer to ${method}`);
  }

  private heard(text: string): void {
    const messages = (this.rest + text).split("\0");
    this.rest = messages.pop()!;
    for (const message of messages) {
      const { id, method, result, error } = JSON.parse(message) as Answer & { id?: number; result?: Answer };
      if (method === "Page.loadEventFired") this.loaded();
      if (id === undefined) continue;
      if (error === undefined) this.waiting.get(id)?.resolve(result ?? {});
      else this.waiting.get(id)?.reject(new Error(JSON.stringify(error)));
      this.waiting.delete(id);
    }
  }
}

/** The hash of the site's public key, after its certificate was checked against the authority. */
async function signedKey({ domain, address, ca }: Site): Promise<string> {
  const socket = connect({ host: address, port: 443, servername: domain, ca });
  await once(socket, "secureConnect");
  const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

function inTime<T>(work: Promise<T>, otherwise: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`${otherwise} within ${LONGEST_SECONDS} s`)),
      LONGEST_SECONDS * 1000,
    );
    work.then(resolve, reject).finally(() => clearTimeout(limit));
  });
}
