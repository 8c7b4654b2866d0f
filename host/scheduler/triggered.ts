import type { Entry, EntryOf } from "../oplog/entry.ts";
import type { Store } from "../store/store.ts";
import type { Live } from "./live.ts";
import type { Writer } from "./writer.ts";

/**
 * The calls that operations of an agent triggered: nobody waits for them, so that only the journal knows of them. It is
 * gone through once, however many are asked for, and not at all for numbers that were never given out.
 */
export async function findTriggered(
  { store, writer }: { store: Store; writer: Writer },
  { row, state }: Live,
  operations: ReadonlySet<number>,
): Promise<EntryOf<"rpc-started">[]> {
  const wanted = new Set([...operations].filter((number) => number > 0 && number <= state.operations));
  const found: EntryOf<"rpc-started">[] = [];
  if (wanted.size === 0) return found;
  // What is written and not durable first: it may become so meanwhile.
  const unwritten = writer.stepsOf(row.id);
  for (const { entries } of [...(await store.steps(row.id, 0)), ...unwritten].toReversed()) {
    if (!entries.includes('"triggered"') && !entries.includes('"forked"')) continue;
    for (const entry of JSON.parse(entries) as Entry[]) {
      if (entry.kind === "rpc-started" && entry.mode === "triggered" && wanted.delete(entry.operation))
        found.push(entry);
      // What stands before was done by the agent that it was forked from.
      if (entry.kind === "forked" || wanted.size === 0) return found;
    }
  }
  return found;
}
