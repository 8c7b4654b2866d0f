import type { AgentState } from "../agent/state.ts";
import { isInput, trapFailure } from "../agent/step.ts";
import { invariant } from "../base/error.ts";
import type { Entry } from "../oplog/entry.ts";
import { Replayer, type IsSame, type Mismatch } from "../replay/journal.ts";
import type { Seat } from "./seat.ts";

/**
 * Runs a recorded step again: the same inputs, and every import held against the recorded one.
 *
 * `state` is what it was before the step, and stays so. Returns where the guest left the recorded path, or null.
 */
export async function replayStep(
  seat: Seat,
  state: AgentState,
  entries: readonly Entry[],
  isSame?: IsSame,
): Promise<Mismatch | null> {
  const [stepped] = entries;
  invariant(stepped?.kind === "stepped", "a step begins with its instant");
  const inputs = entries.filter(isInput);
  const journal = new Replayer({
    at: stepped.at,
    operations: state.operations,
    recorded: entries.slice(1 + inputs.length),
    first: state.length + 1 + inputs.length,
    ...(isSame && { isSame }),
  });
  try {
    await seat.step(state, journal, inputs);
    journal.end();
  } catch (error) {
    journal.trap(trapFailure(error, null));
  }
  return journal.mismatch;
}

/** Whether entries are a step that changed the agent's memory: not a lone `created` or `forked`, nor one that was undone. */
export function changedMemory(entries: readonly Entry[]): boolean {
  return entries[0]?.kind === "stepped" && entries.at(-1)?.kind !== "trapped";
}
