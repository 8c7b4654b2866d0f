import { mapStack } from "../../build/source-map.ts";
import { calleeOf } from "../agent/state.ts";
import type { AgentId, Digest } from "../base/id.ts";
import { decodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import { readSteps } from "../scheduler/live.ts";
import type { AgentRow, Store } from "../store/store.ts";

/** Longer chains of callers are cut: the stack stays as the last one found would read it. */
const maxCalls = 32;

/**
 * A stack that reached an agent in an error, in the lines of the sources that it comes from.
 *
 * An error that an agent was given by a callee has the callee's stack, so the way is followed back to whoever threw.
 */
export async function traceStack(store: Store, agent: AgentId, stack: string): Promise<string> {
  const thrower = await findThrower(store, agent, JSON.stringify(stack));
  const component = thrower?.component && (await readComponent(store, thrower.component));
  return component ? mapStack(component, stack) : stack;
}

async function findThrower(store: Store, agent: AgentId, stackJson: string): Promise<AgentRow | undefined> {
  let thrower: AgentRow | undefined;
  let next: AgentId | null = agent;
  for (let call = 0; next !== null && call < maxCalls; call++) {
    const row: AgentRow | undefined = await store.agent(next);
    if (!row) break;
    thrower = row;
    next = await findCallee(store, row, stackJson);
  }
  return thrower;
}

/** Whose error it was that an agent was given with this stack; null: it comes from the agent itself. */
async function findCallee(store: Store, row: AgentRow, stackJson: string): Promise<AgentId | null> {
  const steps = await readSteps(store, row, 0);
  const entries = steps.flatMap(({ agent, first, entries: text }) => decodeStep(text, { agent, first }));
  const delivered = entries.findLast((entry) => isDelivered(entry, stackJson));
  const started = entries.find(
    (entry) =>
      entry.kind === "rpc-started" && delivered?.kind === "delivered" && entry.operation === delivered.operation,
  );
  return started?.kind === "rpc-started" ? calleeOf(row.id, started).agent : null;
}

function isDelivered(entry: Entry, stackJson: string): boolean {
  return entry.kind === "delivered" && "error" in entry.outcome && entry.outcome.error.includes(stackJson);
}

async function readComponent(store: Store, digest: Digest): Promise<Uint8Array | undefined> {
  return (await store.component(digest))?.bytes;
}
