import type { AgentId } from "../base/id.ts";
import type { EntryOf, Outcome } from "../oplog/entry.ts";
import type { InvocationRow } from "../store/store.ts";
import { failed } from "./failure.ts";

// What becomes of calls that come to no good end, in words for whoever made them.

/** One that never began, or not again. `lastError` is what its last attempt failed with. */
export function canceledBefore({ agent, attempt, lastError }: InvocationRow): Outcome {
  const message =
    attempt === 1
      ? `The call of ${agent} was canceled before it began.`
      : `The call of ${agent} was canceled before its attempt ${attempt} began.`;
  return canceled(message, lastError);
}

/** One whose guest failed after it had been asked to stop; `error` is JSON text of what it threw. */
export function canceledWhile({ agent }: InvocationRow, error: string): Outcome {
  return canceled(`The call of ${agent} was canceled while it ran.`, error);
}

/** The cause stays the text that it is. */
function canceled(message: string, cause: string | null): Outcome {
  const head = JSON.stringify({ name: "CanceledError", code: "rpc/canceled", message });
  return { error: cause === null ? head : `${head.slice(0, -1)},"cause":${cause}}` };
}

export function timedOut(agent: AgentId, { callee, timeoutMs }: EntryOf<"rpc-started">): Outcome {
  const what = "function" in callee ? callee.function : `${agent}.${callee.method}`;
  return failed("rpc/timed-out", `The call of ${what} took longer than ${timeoutMs} ms.`, "TimeoutError");
}

export function tooDeep(agent: AgentId, limit: number): Outcome {
  return failed(
    "rpc/too-deep",
    `The call of ${agent} would lie within ${limit} others, which is as deep as calls may go. Check that the recursion ends, or raise the limit with --depth-limit.`,
  );
}

export function cycle(agents: readonly AgentId[]): Outcome {
  return failed(
    "rpc/cycle",
    `${agents.join(" → ")} → ${agents[0]}: these agents would wait for each other for ever. Break the cycle with a trigger, which waits for nothing.`,
  );
}
