/** The few calls to Hetzner's API that no resource of the program can make: they concern a server it is to forget. */

/** Hetzner's own address, as the provider's documentation (hcloud 1.41.0) has it. */
const ENDPOINT = "https://api.hetzner.cloud/v1";

export class HetznerApi {
  private readonly endpoint: string;

  /**
   * @param token of the project, that may read and write
   * @param endpoint absent: Hetzner's own
   */
  constructor(
    private readonly token: string,
    endpoint: string | undefined,
  ) {
    this.endpoint = (endpoint ?? ENDPOINT).replace(/\/+$/, "");
  }

  /** @throws Error with what Hetzner said; never the token */
  async call<T>(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.endpoint}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    if (answer.ok) return (text === "" ? {} : JSON.parse(text)) as T;
    throw new Error(`Hetzner answered ${method} ${path} with ${answer.status}: ${said(text)}`);
  }
}

function said(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    return error?.message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
