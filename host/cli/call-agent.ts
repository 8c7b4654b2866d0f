import { formatAgentName } from "../agent/agent-name.ts";
import { HostError } from "../base/error.ts";
import { agentId, functionAgentId, invocationKey, shortDigest } from "../base/id.ts";
import type { AgentId, Digest, InvocationKey } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { CallRequest, Host, InvocationRef } from "../scheduler/host.ts";
import type { InvocationRow, Store } from "../store/store.ts";
import { findFunction } from "../wit/name.ts";
import type { WitWorld } from "../wit/type.ts";
import { systemClock } from "../system/clock.ts";
import { parseCall, parseCalleeName, type Call } from "./call-expression.ts";
import type { Context } from "./command.ts";
import { findStoredCallee } from "./component-world.ts";
import { explainWait } from "./explain-wait.ts";
import { guestFailure } from "./guest-failure.ts";
import { formatJson } from "./json.ts";
import { formatTimeOrNull } from "./report.ts";
import { traceStack } from "./stack.ts";
import { formatFacts, formatSpan } from "./table.ts";
import type { Open } from "./with-host.ts";

export interface CallOptions {
  key?: string;
  /** The component to take new agents from. */
  component?: Digest;
  /** It does not begin before, in milliseconds since the epoch. */
  at?: number;
  /** Nobody waits for its outcome here. */
  isLeft?: boolean;
  retry?: NonNullable<CallRequest["retry"]>;
  /** Where an agent that does not exist yet is to live. */
  target?: string;
  /** The call is canceled when it takes longer than this from its beginning, or from `at`, while it is waited for. */
  timeoutMs?: number;
}

/**
 * Makes one call and prints what it returned; or, if it is left to others, what names it.
 *
 * Errors: HostError `invocation/failed`, `rpc/timed-out`, and those of `Host.call`.
 */
export async function callAgent(
  context: Context,
  open: Open,
  call: Call,
  { isLeft = false, timeoutMs, ...options }: CallOptions,
): Promise<void> {
  const { host, store } = open;
  const { key, component, at = 0 } = options;
  const callee = toCallee(call);
  if (component) await warnOfOtherComponent(context, open, callee, { key, component });
  const ref = await host.call({ callee, args: call.args, ...options });
  if (isLeft) return printReference(context, store, ref);
  using _explaining = explainWait(context, store, ref.agent);
  const deadline = timeoutMs === undefined ? undefined : Math.max(at, context.terminal.now()) + timeoutMs;
  const outcome = await (deadline === undefined ? host.result(ref) : resultBy(host, ref, deadline));
  const name = "function" in callee ? callee.function : `${callee.agent}.${callee.method}`;
  if (outcome === "late") {
    const message = `${name} took longer than ${formatSpan(timeoutMs!)}, and was canceled.`;
    throw new HostError("rpc/timed-out", message, { data: { ...ref, timeoutMs } });
  }
  if ("error" in outcome) throw await guestFailure(name, outcome.error, (stack) => traceStack(store, ref.agent, stack));
  context.output.json(outcome.value, formatJson);
}

/** The outcome of a call, or that it has come to none by its deadline: then it is canceled. */
async function resultBy(host: Host, ref: InvocationRef, deadline: number): Promise<Outcome | "late"> {
  const late = Promise.withResolvers<"late">();
  using _timer = systemClock.wakeAt(deadline, () => late.resolve("late"));
  const result = host.result(ref);
  const first = await Promise.race([result, late.promise]);
  if (first !== "late") return first;
  // Whoever closes the host before it has ended is not to be told of it twice.
  result.catch(() => {});
  return (await host.cancel(ref)) ? first : result;
}

/** What `planaria run --at` and the like print with `--json`. */
interface ReferenceReport {
  agent: AgentId;
  key: InvocationKey;
  state: InvocationRow["state"];
  /** When it begins; null: as soon as it can, or it has begun. */
  at: string | null;
}

async function printReference({ output }: Context, store: Store, { agent, key }: InvocationRef): Promise<void> {
  const row = (await store.invocation(agent, key))!;
  const report: ReferenceReport = { agent, key, state: row.state, at: formatTimeOrNull(row.dueAt) };
  output.result(report, ({ state, at }) =>
    formatFacts([
      ["agent", agent],
      ["key", key],
      ["state", at === null ? state : `${state} until ${at}`],
    ]),
  );
}

/** Reads the call of a command line, for a component of these types or for a guest that has none. */
export function readCall({ terminal }: Context, text: string, world: WitWorld | null): Call {
  const call = parseCall(text, terminal.readText, { typed: world !== null });
  if (!world || !("function" in call.callee)) return call;
  return { ...call, callee: { function: findFunction(world, call.callee.function).name } };
}

/** Reads the call of a command line for what the store holds. Errors: HostError `call/syntax`, `call/file`. */
export async function readStoredCall({ terminal, openStore }: Context, text: string): Promise<Call> {
  // Only the store knows how arguments are read; without one, they are those of a guest of the SDK.
  await using store = await openStore("read").catch((error: unknown) => {
    parseCall(text, terminal.readText, { typed: false });
    throw error;
  });
  const { typed, function: name } = await findStoredCallee(store, parseCalleeName(text));
  const call = parseCall(text, terminal.readText, { typed });
  return name !== null && "function" in call.callee ? { ...call, callee: { function: name } } : call;
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
  if (!row?.component || row.component === component) return;
  const advice = isFunction ? "use another --key" : "delete it or use a new name";
  output.say(
    `${id} goes on with ${shortDigest(row.component)} (the component it was created with); ${advice} to run the new one, ${shortDigest(component)}.`,
  );
}
