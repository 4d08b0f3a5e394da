import type { Vendor } from "../api.js";
import { ApiError, Router } from "../router.js";
import type { Store } from "../store.js";
import type { CloudsOptions } from "../types.js";
import { Actions } from "./actions.js";
import { subaccountRoutes } from "./box-parts.js";
import { boxSnapshotRoutes } from "./box-snapshots.js";
import { boxRoutes } from "./boxes.js";
import { catalogRoutes } from "./catalog.js";
import type { Project } from "./common.js";
import { firewallRoutes } from "./firewalls.js";
import { imageRoutes } from "./images.js";
import { primaryIpRoutes } from "./primary-ips.js";
import { serverRoutes } from "./servers.js";
import { sshKeyRoutes } from "./ssh-keys.js";

/** The one project of the lab, and what runs in it. */
export function hetznerProject(options: CloudsOptions, store: Store): Project {
  const actions = new Actions(store, (line) => options.log(line));
  return { state: store.state.hetzner, store, actions, hooks: options.hooks, domain: options.domain };
}

/** The Hetzner Cloud API, with Storage Boxes on the same base, as the provider asks for them. */
export function hetzner(project: Project, token: string): Vendor {
  const { actions } = project;
  const router = new Router();
  router.on("GET", "/v1/actions", (call) => ({ status: 200, body: actions.list(call) }));
  router.on("GET", "/v1/actions/:id", (call) => ({ status: 200, body: actions.get(call) }));
  catalogRoutes(router);
  sshKeyRoutes(router, project);
  firewallRoutes(router, project);
  primaryIpRoutes(router, project);
  serverRoutes(router, project);
  imageRoutes(router, project);
  boxRoutes(router, project);
  subaccountRoutes(router, project);
  boxSnapshotRoutes(router, project);
  return {
    name: "hetzner",
    router,
    token,
    unauthorized: new ApiError(401, "unauthorized", "unable to authenticate"),
    errorBody: ({ code, message }) => ({ error: { code, message } }),
    unknown: (method, path) => new ApiError(404, "not_found", `the lab has no ${method} ${path}`),
    invalid: (problem) => new ApiError(422, "invalid_input", problem),
  };
}
