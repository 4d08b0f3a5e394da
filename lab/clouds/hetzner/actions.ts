import { ApiError, type Call, param } from "../router.js";
import { now, type Store } from "../store.js";
import { page } from "./common.js";

/** Hetzner's record of work in progress. */
export interface Action {
  id: number;
  command: string;
  status: "running" | "success" | "error";
  progress: number;
  started: string;
  finished: string | null;
  resources: { id: number; type: string }[];
  error: { code: string; message: string } | null;
}

/** The actions of a project: made by the other files, polled by the client. */
export class Actions {
  constructor(
    private readonly store: Store,
    private readonly log: (line: string) => void,
  ) {
    // The work of a process that is gone can't be waited for any more.
    for (const action of Object.values(store.state.hetzner.actions))
      if (action.status === "running") this.fail(action, "the lab's clouds were stopped while this ran");
  }

  /** An action that is over when it is answered. */
  done(command: string, resources: Action["resources"]): Action {
    const action = this.make(command, resources);
    this.finish(action, "success");
    return action;
  }

  /** An action that runs until `work` settles; `then` brings the resource up to date before the client sees success. */
  start<T>(command: string, resources: Action["resources"], work: Promise<T>, then: (value: T) => void): Action {
    const action = this.make(command, resources);
    work.then(
      (value) => {
        then(value);
        this.finish(action, "success");
        this.store.save();
      },
      (error: unknown) => {
        this.fail(action, error instanceof Error ? error.message : String(error));
        this.store.save();
      },
    );
    return action;
  }

  private make(command: string, resources: Action["resources"]): Action {
    const id = this.store.nextId();
    const action: Action = {
      id,
      command,
      status: "running",
      progress: 0,
      started: now(),
      finished: null,
      resources,
      error: null,
    };
    this.store.state.hetzner.actions[id] = action;
    return action;
  }

  private finish(action: Action, status: "success" | "error"): void {
    Object.assign(action, { status, progress: 100, finished: now() });
  }

  private fail(action: Action, message: string): void {
    this.finish(action, "error");
    action.error = { code: "action_failed", message };
    this.log(
      `cloud=hetzner event=action-failed id=${action.id} command=${action.command} message=${JSON.stringify(message)}`,
    );
  }

  /** Just the asked ids: a client that misses one fails with "actions not found". */
  list(call: Call): unknown {
    const ids = new Set(call.query.getAll("id"));
    if (ids.size === 0) throw new ApiError(400, "invalid_input", "listing all actions is not possible: ask for ids");
    const found = Object.values(this.store.state.hetzner.actions).filter((a) => ids.has(String(a.id)));
    return page(call, "actions", found);
  }

  get(call: Call): unknown {
    const action = this.store.state.hetzner.actions[param(call, "id")];
    if (!action) throw new ApiError(404, "not_found", `action with ID '${param(call, "id")}' not found`);
    return { action };
  }
}
