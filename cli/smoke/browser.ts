import { request } from "node:https";
import { CookieJar } from "./jar.js";

/** Where the shop answers, and as whom it must identify itself. */
export interface Shop {
  /** The name customers type: asked for in TLS and in HTTP. */
  domain: string;
  /** The server that is asked, wherever the name points. */
  address: string;
  /** Default 443. */
  port?: number;
  /** Certificate authority in PEM, if it is none that every browser knows. */
  ca?: string;
  /** Longest wait for a page. Default 20. */
  timeoutSeconds?: number;
}

export interface Page {
  status: number;
  text: string;
  /** Path at the end of all redirects. */
  path: string;
}

const REDIRECTS = 5;
/** A page that is longer is cut: a shop's pages are not, an endless answer would be. */
const LONGEST = 5_000_000;

/** Asks one shop for pages as a browser does: cookies are kept, redirects followed, the certificate checked. */
export class Browser {
  private readonly jar = new CookieJar();

  constructor(private readonly shop: Shop) {}

  /**
   * @param form posted as a browser posts it; absent: the page is just opened
   * @throws Error when the shop does not answer, its certificate is wrong, or it redirects elsewhere or without end
   */
  async open(path: string, form?: Record<string, string>): Promise<Page> {
    let answer = await this.ask(path, form);
    for (let i = 0; answer.location !== undefined; i++) {
      if (i === REDIRECTS) throw new Error(`${path} redirects more than ${REDIRECTS} times`);
      const target = new URL(answer.location, `https://${this.shop.domain}${answer.path}`);
      if (target.protocol !== "https:" || target.hostname !== this.shop.domain)
        throw new Error(`${answer.path} redirects to ${target.origin}, away from the shop`);
      answer = await this.ask(target.pathname + target.search);
    }
    return answer;
  }

  private ask(path: string, form?: Record<string, string>): Promise<Page & { location?: string }> {
    const { domain, address, port = 443, ca, timeoutSeconds = 20 } = this.shop;
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const headers: Record<string, string | number> = { host: domain, ...this.jar.header() };
    if (body !== undefined) {
      headers["content-type"] = "application/x-www-form-urlencoded";
      headers["content-length"] = Buffer.byteLength(body);
      headers["origin"] = `https://${domain}`;
      headers["referer"] = `https://${domain}${path}`;
    }
    const method = body === undefined ? "GET" : "POST";
    const options = {
      host: address,
      port,
      servername: domain,
      path,
      method,
      headers,
      agent: false as const,
      ...(ca ? { ca } : {}),
    };
    return new Promise((resolve, reject) => {
      const call = request(options, (answer) => {
        this.jar.take(answer.headers["set-cookie"] ?? []);
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on("data", (chunk: Buffer) => {
          if ((size += chunk.length) > LONGEST) answer.destroy(new Error(`${path} is longer than ${LONGEST} bytes`));
          else chunks.push(chunk);
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const { statusCode: status = 0 } = answer;
          const location = status >= 300 && status < 400 ? answer.headers.location : undefined;
          resolve({
            status,
            path,
            text: Buffer.concat(chunks).toString(),
            ...(location === undefined ? {} : { location }),
          });
        });
      });
      const late = new Error(`${path}: no answer within ${timeoutSeconds} s`);
      const limit = setTimeout(() => call.destroy(late), timeoutSeconds * 1000);
      call.on("error", reject);
      call.on("close", () => clearTimeout(limit));
      call.end(body);
    });
  }
}
