import { decodeStep } from "../../../host/oplog/codec.ts";
import type { Entry } from "../../../host/oplog/entry.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import type { AgentRow, Store } from "../../../host/store/store.ts";

/** An agent as the store has it. */
export interface Kept {
  id: string;
  type: string;
  isFork: boolean;
  hasSnapshot: boolean;
  /** Its own: a fork has those before it from its parent. */
  entries: Entry[];
}

export interface Ledger {
  agents: Kept[];
  oplogBytes: number;
  snapshotBytes: number;
  totalBytes: number;
}

/** Reads what a store's file holds, whatever became of the process that wrote it; nothing, if it got to nothing. */
export async function readLedger(file: string): Promise<Ledger> {
  await using store = await openSqliteStore({ file, now: Date.now });
  const agents = (await store.agents()).map((row) => readAgent(store, row));
  return { agents: await Promise.all(agents), ...(await store.sizes()) };
}

async function readAgent(store: Store, { id, type, parent, snapshot }: AgentRow): Promise<Kept> {
  const steps = await store.steps(id, 0);
  const entries = steps.flatMap(({ first, entries: text }) => decodeStep(text, { agent: id, first }));
  return { id, type, isFork: parent !== null, hasSnapshot: snapshot !== null, entries };
}

/** How many of an agent's entries are of this kind. */
export function countEntries({ entries }: Kept, kind: RegExp): number {
  return entries.filter((entry) => kind.test(entry.kind)).length;
}
