import { HostError } from "../base/error.ts";
import type { Journal } from "../replay/journal.ts";
import { checkJson } from "./json.ts";
import type { GuestRetryPolicy } from "./guest-imports.ts";
import { toRetry } from "./retry.ts";
import { toSpanMs } from "./time.ts";

/** As in wit/rpc.wit; jco hands an absent option over as `undefined`. */
export interface RpcOptions {
  mode: "attached" | "triggered";
  at?: bigint | undefined;
  key?: string | undefined;
  target?: string | undefined;
  timeout?: bigint | undefined;
  retry?: GuestRetryPolicy | undefined;
}

export function makeRpc(journal: () => Journal) {
  const start = (
    callee: { agent: string; method: string } | { function: string },
    args: string,
    { mode, at, key, target, timeout, retry }: RpcOptions,
  ) => {
    checkJson(args, "the arguments of a call");
    const operation = journal().nextOperation();
    journal().note({
      kind: "rpc-started",
      operation,
      callee,
      args,
      mode,
      ...(at === undefined ? {} : { at: toInstant(at) }),
      ...(key === undefined ? {} : { key }),
      ...(target === undefined ? {} : { target }),
      ...(timeout === undefined ? {} : { timeoutMs: toSpanMs(timeout) }),
      ...(retry === undefined ? {} : { retry: toRetry(retry) }),
    });
    return operation;
  };
  return {
    callAgent: (agent: string, method: string, args: string, options: RpcOptions) =>
      start({ agent, method }, args, options),
    callFunction: (name: string, args: string, options: RpcOptions) => start({ function: name }, args, options),
    deleteAgent(agent: string, tree?: boolean) {
      const operation = journal().nextOperation();
      journal().note({ kind: "delete-started", operation, agent, ...(tree && { tree }) });
      return operation;
    },
  };
}

function toInstant(at: bigint): number {
  if (at > 8_640_000_000_000_000n)
    throw new HostError("guest/invalid-argument", `rpc: ${at} is no moment that a date can express.`);
  return Number(at);
}
