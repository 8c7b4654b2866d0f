import { calleeOf, openCalls, type Operation } from "../agent/state.ts";
import type { AgentId } from "../base/id.ts";
import type { Agents } from "./agents.ts";
import type { Live } from "./live.ts";

/**
 * The agents that would wait for each other if `caller` waited for `callee`, in order from the caller on; else null.
 *
 * An agent with a running invocation begins no other one before the calls of that invocation have ended, so it waits
 * for every agent that these went to. Waits only come about by a call, so it is enough to look whenever one is made.
 */
export async function findCycle(agents: Agents, caller: Live, callee: AgentId): Promise<AgentId[] | null> {
  const seen = new Set<AgentId>();
  const walk = async (agent: AgentId): Promise<AgentId[] | null> => {
    if (agent === caller.row.id) return [];
    if (seen.has(agent)) return null;
    seen.add(agent);
    const live = agents.live(agent) ?? (await agents.local(agent));
    for (const { by, start } of live?.state.invocation
      ? openCalls(live.state).filter((call) => isAwaited(live, call))
      : []) {
      const rest = start.kind === "rpc-started" ? await walk(calleeOf(by, start).agent) : null;
      if (rest) return [agent, ...rest];
    }
    return null;
  };
  const path = await walk(callee);
  return path && [caller.row.id, ...path];
}

/** Not if its outcome is known, and only has not reached the guest yet. */
function isAwaited({ pending }: Live, { outcome, start }: Operation): boolean {
  return !outcome && !pending.some((input) => input.kind === "delivered" && input.operation === start.operation);
}
