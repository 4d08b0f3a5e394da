import type { ServerResponse } from "node:http";

/** Answers with an S3 error document. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  const text = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  sendXml(response, status, `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${text}</Error>`);
}

export function sendXml(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/xml", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * The keys of a DeleteObjects document. Undefined when it holds anything that this simple reading could
 * miss a key in (comments, CDATA, a document type, a namespace prefix, attributes), so that the caller can refuse it.
 */
export function keysToDelete(document: string): string[] | undefined {
  if (/<!|<\w+:|<Key\s/.test(document)) return undefined;
  return [...document.matchAll(/<Key>([^<]*)<\/Key>/g)].map((found) => unescapeXml(found[1] ?? ""));
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name ?? ""] ?? whole;
  });
}
