import { parseAgentName } from "../agent/agent-name.ts";
import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { AgentRow, Target } from "../store/store.ts";
import type { Writer } from "./writer.ts";

/*
 * The rows of agents that have not begun. One with a target waits for a node without a component and without an owner.
 */

interface Pen {
  writer: Writer;
  clock: Clock;
}

/** The row of an agent that comes to life now. Errors: HostError `agent/deleting` if it has been deleted a moment ago. */
export function newRow({ writer, clock }: Pen, id: AgentId, createdBy: AgentId | null): AgentRow {
  // One transaction can't delete an agent and create it again.
  if (writer.isDeleting(id))
    throw new HostError("agent/deleting", `${id} is just being deleted. Call it again when the deletion is through.`);
  const { type, params } = parseAgentName(id);
  const at = clock.now();
  return {
    id,
    component: null,
    type,
    params,
    state: "created",
    node: null,
    target: null,
    createdBy,
    parent: null,
    snapshot: null,
    length: 0,
    createdAt: at,
    updatedAt: at,
    error: null,
  };
}

/** Registers an agent for a node of its target to take up. Errors as of `newRow`. */
export function createUnplaced(pen: Pen, id: AgentId, target: Target, createdBy: AgentId | null): void {
  pen.writer.agent(id, { ...newRow(pen, id, createdBy), target });
}

/** Gives an agent back that this node has taken up and can't bring to life; its calls are over. */
export function leaveUnplaced({ writer, clock }: Pen, row: AgentRow): void {
  // Another call may find a node that can.
  const state = row.params === null ? "ended" : "idle";
  writer.agent(row.id, { ...row, node: null, state, updatedAt: clock.now() });
}

/** Lets an agent that no node could bring to life wait for one again. */
export function waitAgain({ writer, clock }: Pen, row: AgentRow): void {
  writer.agent(row.id, { ...row, state: "created", updatedAt: clock.now() });
}
