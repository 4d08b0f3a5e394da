/** Cookies of one shop, kept from answer to answer as a browser keeps them. Paths and lifetimes are not minded. */
export class CookieJar {
  private readonly cookies = new Map<string, string>();

  /** Takes the `set-cookie` headers of an answer; an empty value, or a lifetime that is over, takes the cookie away. */
  take(headers: readonly string[]): void {
    for (const header of headers) {
      const [pair = "", ...attributes] = header.split(";");
      const at = pair.indexOf("=");
      if (at < 1) continue;
      const name = pair.slice(0, at).trim();
      if (attributes.some(isOver) || pair.slice(at + 1).trim() === "") this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(at + 1).trim());
    }
  }

  /** The `cookie` header, or nothing. */
  header(): Record<string, string> {
    if (this.cookies.size === 0) return {};
    return { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
  }
}

/** Whether an attribute ends the cookie's life, as a shop does when its customer logs out. */
function isOver(attribute: string): boolean {
  const [name = "", value = ""] = attribute.split("=").map((part) => part.trim());
  if (name.toLowerCase() === "max-age") return Number(value) <= 0;
  return name.toLowerCase() === "expires" && Date.parse(value) < Date.now();
}
