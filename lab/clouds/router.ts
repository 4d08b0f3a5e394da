import type { IncomingHttpHeaders } from "node:http";

/** One API request, parsed. `body` is undefined when none was sent. */
export interface Call {
  params: Record<string, string>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** One API answer; no `body` means an empty one. */
export interface Reply {
  status: number;
  body?: unknown;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

/** A refusal in a vendor's own words. Each vendor gives it its own shape. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Route {
  method: string;
  segments: string[];
  handler: Handler;
}

/** Maps `METHOD /path/:param` to handlers. A literal segment wins over a parameter when it is added first. */
export class Router {
  private readonly routes: Route[] = [];

  on(method: string, pattern: string, handler: Handler): void {
    this.routes.push({ method, segments: pattern.split("/"), handler });
  }

  find(method: string, path: string): { handler: Handler; params: Record<string, string> } | undefined {
    const segments = path.split("/");
    for (const route of this.routes) {
      const params = route.method === method ? match(route.segments, segments) : undefined;
      if (params) return { handler: route.handler, params };
    }
    return undefined;
  }
}

function match(pattern: string[], segments: string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const segment = segments[i] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}

/** The value of a path parameter that the pattern is known to have. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}
