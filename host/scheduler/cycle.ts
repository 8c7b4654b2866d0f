import { parseAgentName } from "../agent/agent-name.ts";
import { calleeOf, openCalls } from "../agent/state.ts";
import { agentId, invocationKey, type AgentId, type InvocationKey } from "../base/id.ts";
import type { Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import { sentOperations, type Live } from "./live.ts";
import type { Writer } from "./writer.ts";

interface Sight {
  agents: Agents;
  store: Store;
  writer: Writer;
}

/**
 * The agents that would wait for each other if `caller` waited for `callee`, in order from the caller on; else null.
 *
 * An agent with a running invocation begins no other one before the calls of that invocation have ended, so it waits
 * for every agent that these went to. Waits only come about by a call, so it is enough to look whenever one is made, and
 * again when it is durable if it went to another node, since of other nodes' waits only those in the store are seen.
 */
export async function findCycle(sight: Sight, caller: Live, callee: AgentId): Promise<AgentId[] | null> {
  const seen = new Set<AgentId>();
  const walk = async (agent: AgentId): Promise<AgentId[] | null> => {
    if (agent === caller.row.id) return [];
    if (seen.has(agent)) return null;
    seen.add(agent);
    const live = sight.agents.live(agent);
    for (const awaited of live ? awaitedBy(live) : await readAwaitedBy(sight, agent)) {
      const rest = await walk(awaited);
      if (rest) return [agent, ...rest];
    }
    return null;
  };
  const path = await walk(callee);
  return path && [caller.row.id, ...path];
}

/** Not those whose outcome is known, and only has not reached the guest yet. */
function awaitedBy(live: Live): AgentId[] {
  const sent = sentOperations(live);
  const calls = live.state.invocation ? openCalls(live.state) : [];
  return calls.flatMap(({ by, start, outcome }) =>
    start.kind === "rpc-started" && !outcome && !sent.has(start.operation) ? [calleeOf(by, start).agent] : [],
  );
}

/** The same of an agent that is not at hand, as the store knows it. */
async function readAwaitedBy({ store, writer }: Sight, agent: AgentId): Promise<AgentId[]> {
  if (!(await writer.findAgent(agent))) return [];
  const awaited: AgentId[] = [];
  for (const { source } of await store.operations(agent)) {
    const callee = source === null ? null : readCallee(source);
    const invocation = callee && (await writer.findInvocation(callee.agent, callee.key));
    if (invocation && invocation.state !== "done") awaited.push(callee.agent);
  }
  return awaited;
}

/** Takes `invocationSource` apart. An id may hold spaces, but no part of one up to a space is an id itself. */
function readCallee(source: string): { agent: AgentId; key: InvocationKey } | null {
  const start = "invocation ".length;
  if (!source.startsWith("invocation ")) return null;
  for (let end = source.indexOf(" ", start); end !== -1; end = source.indexOf(" ", end + 1)) {
    const agent = source.slice(start, end);
    if (isAgentName(agent)) return { agent: agentId(agent), key: invocationKey(source.slice(end + 1)) };
  }
  return null;
}

function isAgentName(text: string): boolean {
  try {
    parseAgentName(text);
    return true;
  } catch {
    return false;
  }
}
