import { derivedPromiseId, type AgentId } from "../base/id.ts";
import type { Journal } from "../replay/journal.ts";
import { checkJson } from "./json.ts";
import { toSpanMs } from "./time.ts";

/** As in wit/promise.wit. */
export interface PromiseOptions {
  id?: string | undefined;
  timeout?: bigint | undefined;
}

export function makePromise(journal: () => Journal, agent: () => AgentId) {
  const settle = (id: string, as: "resolved" | "rejected" | "canceled", payload?: string) => {
    if (payload !== undefined) checkJson(payload, "the settlement of a promise");
    const operation = journal().nextOperation();
    journal().note({ kind: "promise-settled", operation, id, as, ...(payload === undefined ? {} : { payload }) });
    return operation;
  };
  return {
    create(options: PromiseOptions) {
      const operation = journal().nextOperation();
      const id = options.id ?? derivedPromiseId(agent(), operation);
      const timeoutMs = options.timeout === undefined ? undefined : toSpanMs(options.timeout);
      journal().note({ kind: "promise-created", operation, id, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      return id;
    },
    await(id: string) {
      const operation = journal().nextOperation();
      journal().note({ kind: "promise-awaited", operation, id });
      return operation;
    },
    complete: (id: string, value: string) => settle(id, "resolved", value),
    reject: (id: string, error: string) => settle(id, "rejected", error),
    cancel: (id: string) => settle(id, "canceled"),
  };
}
