import type { Opening } from "../agent/executor.ts";
import { HostError } from "../base/error.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { replayOplog } from "../executor/replay-oplog.ts";
import { decodeStep } from "../oplog/codec.ts";

/**
 * Sees whether an agent's newest snapshot, and a replay of what came since, lead to the memory that a replay of its whole
 * oplog leads to. The snapshot is of the memory that the agent had when it ran.
 *
 * Errors: HostError `replay/snapshot-mismatch`, and those of `decodeSnapshot`.
 */
export async function checkSnapshot(opening: Opening, component: CompiledComponent, memory: string): Promise<void> {
  const { agent, snapshot } = opening;
  const steps = opening.steps.map(({ entries, first }) => decodeStep(entries, { agent, first }));
  const replay = await replayOplog(component, steps, snapshot);
  if (!replay.mismatch && replay.memory === memory) return;
  const message = [
    `${agent} has another memory by its snapshot than by its oplog`,
    `  oplog     ${memory}`,
    `  snapshot  ${replay.memory}${replay.mismatch ? `, and it leaves its path at entry ${replay.mismatch.index}` : ""}`,
    "  The guest reads something that is not journaled, or what the store holds was altered.",
  ].join("\n");
  throw new HostError("replay/snapshot-mismatch", message, { data: { agent, memory, snapshot: replay.memory } });
}
