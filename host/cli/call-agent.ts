import { formatAgentName } from "../agent/agent-name.ts";
import { agentId, functionAgentId, invocationKey, shortDigest, type Digest } from "../base/id.ts";
import type { CallRequest } from "../scheduler/host.ts";
import { parseCall, type Call } from "./call-expression.ts";
import type { Context } from "./command.ts";
import { explainWait } from "./explain-wait.ts";
import { guestFailure } from "./guest-failure.ts";
import { formatJson } from "./json.ts";
import { traceStack } from "./stack.ts";
import type { Open } from "./with-host.ts";

export interface CallOptions {
  key?: string;
  /** The component to take new agents from. */
  component?: Digest;
}

/**
 * Makes one call and prints what it returned.
 *
 * Errors: HostError `invocation/failed`, and those of `Host.call`.
 */
export async function callAgent(
  context: Context,
  open: Open,
  call: Call,
  { key, component }: CallOptions,
): Promise<void> {
  const { host, store } = open;
  const callee = toCallee(call);
  if (component) await warnOfOtherComponent(context, open, callee, { key, component });
  const ref = await host.call({
    callee,
    args: call.args,
    ...(key !== undefined && { key }),
    ...(component && { component }),
  });
  using _explaining = explainWait(context, store, ref.agent);
  const outcome = await host.result(ref);
  if ("error" in outcome) {
    const name = "function" in callee ? callee.function : `${callee.agent}.${callee.method}`;
    throw await guestFailure(name, outcome.error, (stack) => traceStack(store, ref.agent, stack));
  }
  context.output.json(outcome.value, formatJson);
}

/** Reads the call of a command line. */
export function readCall({ terminal }: Context, text: string): Call {
  return parseCall(text, terminal.readText);
}

function toCallee({ callee }: Call): CallRequest["callee"] {
  return "function" in callee ? callee : { agent: formatAgentName(callee.agent), method: callee.method };
}

/** An agent lives and dies with the component that it was created with, whatever is built later. */
async function warnOfOtherComponent(
  { output }: Context,
  { store }: Open,
  callee: CallRequest["callee"],
  { key, component }: { key: string | undefined; component: Digest },
): Promise<void> {
  const isFunction = "function" in callee;
  if (isFunction && key === undefined) return;
  const id = isFunction ? functionAgentId(callee.function, invocationKey(key!)) : agentId(callee.agent);
  const row = await store.agent(id);
  if (!row || row.component === component) return;
  const advice = isFunction ? "use another --key" : "delete it or use a new name";
  output.say(
    `${id} goes on with ${shortDigest(row.component)} (the component it was created with); ${advice} to run the new one, ${shortDigest(component)}.`,
  );
}
