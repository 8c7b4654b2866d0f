import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { checkInvocation } from "./conflict.ts";
import {
  assignments,
  callColumns,
  callValues,
  invocationColumns,
  invocationValues,
  marks,
  toInvocation,
} from "./sqlite-row.ts";
import type { InvocationRow } from "./store.ts";

/** Writes invocations; agents are known by number. To be used within a transaction. */
export class SqliteCalls {
  readonly #statements;

  constructor(db: DatabaseSync) {
    const columns = [...callColumns, ...invocationColumns];
    // What was requested stays so; the owner knows of it once it says so itself.
    const valueOf = (column: string) => (column === "cancelRequested" ? "iif(?, 1, cancelRequested)" : "?");
    this.#statements = {
      add: db.prepare(`INSERT INTO invocations (agent, key, ${columns.join(", ")})
        VALUES (?, ?, ${marks(columns.length)}) ON CONFLICT (agent, key) DO NOTHING`),
      update: db.prepare(`UPDATE invocations SET ${assignments(invocationColumns, valueOf)}
        WHERE seq = ? AND agent = ? AND key = ? AND state <> ?`),
      get: db.prepare("SELECT i.*, '' AS id FROM invocations AS i WHERE agent = ? AND key = ?"),
      delete: db.prepare("DELETE FROM invocations WHERE agent = ? AND key = ?"),
      move: db.prepare("UPDATE invocations SET state = ? WHERE agent = ? AND state = ?"),
      requestCancel: db.prepare(`UPDATE invocations SET cancelRequested = 2
        WHERE agent = ? AND key = ? AND state <> 'done' AND cancelRequested = 0`),
    };
  }

  /** Returns its number. Errors: HostError `store/conflict` if it contradicts the one that is held. */
  write(agent: number, isWaiting: boolean, row: InvocationRow): number {
    const values = invocationValues(row, isWaiting);
    if (row.seq !== 0) {
      // Most updates pass here; one that does not is looked at closely.
      const { changes } = this.#statements.update.run(...values, row.seq, agent, row.key, "done");
      return changes === 1 ? row.seq : this.#replace(agent, row, values);
    }
    const { changes, lastInsertRowid } = this.#statements.add.run(agent, row.key, ...callValues(row), ...values);
    return changes === 1 ? Number(lastInsertRowid) : this.#replace(agent, row, values);
  }

  #replace(agent: number, row: InvocationRow, values: SQLInputValue[]): number {
    const { get, update } = this.#statements;
    const columns = get.get(agent, row.key);
    const held = columns && toInvocation(columns);
    checkInvocation(row, held);
    update.run(...values, held!.seq, agent, row.key, "");
    return held!.seq;
  }

  /** Whether there was one. */
  delete(agent: number, key: string): boolean {
    return this.#statements.delete.run(agent, key).changes === 1;
  }

  /** What is queued on an agent waits for a node that takes the agent up, from now on or no longer. */
  setWaiting(agent: number, isWaiting: boolean): void {
    const [from, to] = isWaiting ? ["queued", "waiting"] : ["waiting", "queued"];
    this.#statements.move.run(to!, agent, from!);
  }

  requestCancel(agent: number, key: string): void {
    this.#statements.requestCancel.run(agent, key);
  }
}
