import type { Vendor } from "../api.js";
import { ApiError, Router } from "../router.js";
import type { S3Users } from "../s3/users.js";
import type { Store } from "../store.js";
import type { CloudsOptions } from "../types.js";
import { spacesKeyRoutes } from "./keys.js";

/** The DigitalOcean API, as far as Spaces keys go; buckets are made over S3. */
export function digitalOcean(options: CloudsOptions, store: Store, users: S3Users): Vendor {
  const router = new Router();
  spacesKeyRoutes(router, store, users);
  return {
    name: "digitalocean",
    router,
    token: options.token,
    unauthorized: new ApiError(401, "unauthorized", "Unable to authenticate you"),
    errorBody: ({ code, message }) => ({ id: code, message }),
    unknown: (method, path) => new ApiError(404, "not_found", `the lab has no ${method} ${path}`),
    invalid: (problem) => new ApiError(422, "unprocessable_entity", problem),
  };
}
