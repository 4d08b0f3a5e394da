/** A JSON-over-HTTP client for the vendors' APIs. */
import type { Value, Values } from "./values.js";

/** An answer that is not a success. `status` is the HTTP status; the message holds the vendor's words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface RestOptions {
  /** Without a trailing slash. */
  base: string;
  token: string;
  /** Picks code and message out of a vendor's error document. */
  explain(body: Values): { code: string; message: string };
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export class Rest {
  constructor(private readonly options: RestOptions) {}

  /** Sends one request and gives the answer's JSON, `{}` if it has none. Throws {@link ApiError}. */
  async send(method: Method, path: string, body?: Values, headers: Record<string, string> = {}): Promise<Values> {
    const { base, token } = this.options;
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new Error(`${method} ${base}${path}: ${cause}`);
    });
    const text = await response.text();
    const answer = parse(text);
    if (response.ok) return answer;
    const { code, message } = this.options.explain(answer);
    throw new ApiError(response.status, code, `${method} ${path}: ${response.status} ${message || text.slice(0, 300)}`);
  }
}

function parse(text: string): Values {
  try {
    return JSON.parse(text === "" ? "{}" : text) as Values;
  } catch {
    return {};
  }
}

/** The answer of `request`, or undefined if the vendor says there is no such thing. */
export async function unlessGone<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** A member that must be an object. Throws if the vendor's answer has another form. */
export function member(answer: Value, key: string): Values {
  const value = (answer as Values | undefined)?.[key];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`the API's answer has no object "${key}"`);
  }
  return value;
}

/** A member that is a list of objects; empty if it is missing. */
export function items(answer: Value, key: string): Values[] {
  const value = (answer as Values | undefined)?.[key];
  return Array.isArray(value) ? (value as Values[]) : [];
}
