import { HostError } from "../base/error.ts";
import type { Digest } from "../base/id.ts";
import type { AgentRow } from "../store/store.ts";

/** An agent of which it is settled what it runs: all but those that wait for a node of their target. */
export type PlacedAgent = AgentRow & { component: Digest };

export function isPlaced(row: AgentRow): row is PlacedAgent {
  return row.component !== null;
}

/** Errors: HostError `agent/waiting` if the agent has not begun, since no node has taken it up. */
export function placed(row: AgentRow): PlacedAgent {
  if (isPlaced(row)) return row;
  const group = row.target?.group ?? "";
  throw new HostError(
    "agent/waiting",
    `${row.id} has not begun: it waits for a node of the group ${group}. \`planaria serve --group ${group} GUEST\` starts one.`,
    { data: { agent: row.id, target: row.target } },
  );
}
