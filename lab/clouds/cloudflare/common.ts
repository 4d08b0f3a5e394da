import type { Reply } from "../router.js";
import { ApiError, type Call, param } from "../router.js";
import type { Store } from "../store.js";

/** What each area of the Cloudflare API works with. */
export interface Account {
  id: string;
  store: Store;
}

/** Cloudflare's envelope around a result. */
export function ok(result: unknown): Reply {
  const count = Array.isArray(result) ? result.length : 1;
  const result_info = { page: 1, per_page: 50, count, total_count: count, total_pages: 1 };
  return { status: 200, body: { success: true, errors: [], messages: [], result, result_info } };
}

/** Cloudflare's envelope around a refusal; its codes are numbers. */
export function refused({ code, message }: ApiError): unknown {
  return { success: false, errors: [{ code: Number(code) || 10001, message }], messages: [], result: null };
}

/** Refuses a path that names another account than the token's. */
export function assertAccount(account: Account, call: Call): void {
  if (param(call, "account") !== account.id) throw new ApiError(403, "10000", "Authentication error");
}
