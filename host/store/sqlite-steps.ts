import type { StatementSync } from "node:sqlite";
import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { StepRow } from "./store.ts";

/**
 * An agent's own steps from the one that holds index `from`, none missing.
 *
 * Errors: HostError `store/corrupt` if the file has lost some of them.
 */
export function readSteps(
  prepare: (sql: string) => StatementSync,
  file: string,
  agent: AgentId,
  from: number,
): StepRow[] {
  const holder = prepare("SELECT number, length, parentIndex FROM agents WHERE id = ?").get(agent);
  if (!holder) return [];
  const rows = prepare(
    `SELECT first, count, entries FROM steps WHERE agent = ?1
      AND first >= coalesce((SELECT max(first) FROM steps WHERE agent = ?1 AND first <= ?2), 0) ORDER BY first`,
  ).all(holder["number"]!, from) as unknown as Omit<StepRow, "agent">[];
  const steps = rows.map(({ first, count, entries }) => ({ agent, first, count, entries }));
  const kept = steps.filter(({ first, count }) => first + count > from);
  checkWhole(file, agent, kept, from, Number(holder["length"]), Number(holder["parentIndex"] ?? -1) + 1);
  return kept;
}

/** Steps that begin behind `from` may do so only where the inherited ones end. */
function checkWhole(
  file: string,
  agent: AgentId,
  steps: StepRow[],
  from: number,
  length: number,
  inherited: number,
): void {
  let end = Math.min(
    length,
    steps.length === 0 || steps[0]!.first > from ? Math.max(from, inherited) : steps[0]!.first,
  );
  for (const { first, count } of steps) {
    if (first !== end) throw missing(file, agent, end, first);
    end = first + count;
  }
  if (end !== length) throw missing(file, agent, end, length);
}

function missing(file: string, agent: AgentId, from: number, to: number): HostError {
  return new HostError(
    "store/corrupt",
    `${file} has lost the entries ${from} to ${to - 1} of ${agent}. Restore it from a backup.`,
    { data: { file, agent, from, to } },
  );
}
