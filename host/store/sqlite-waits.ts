import type { DatabaseSync } from "node:sqlite";
import type { OperationRow } from "./store.ts";

/**
 * What `operations.settled` says of an operation in flight: whether its agent has something to do about it.
 *
 * orphaned: it is a fetch, and nobody carries it out, since nobody owns the agent.
 */
const settled = { no: 0, yes: 1, orphaned: 2 };

/** All sources of fetches, and no others, as a range of the index by source. */
const isFetch = "source >= 'fetch ' AND source < 'fetch!'";

/** Who waits for what: operations in flight and whether their sources have settled. To be used within a transaction. */
export class SqliteWaits {
  readonly #statements;

  constructor(db: DatabaseSync) {
    this.#statements = {
      put: db.prepare(`INSERT INTO operations (agent, operation, source, dueAt, attempt, settled) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (agent, operation) DO UPDATE SET source = excluded.source, dueAt = excluded.dueAt,
          attempt = excluded.attempt, settled = excluded.settled`),
      delete: db.prepare("DELETE FROM operations WHERE agent = ? AND operation = ?"),
      settle: db.prepare("UPDATE operations SET settled = 1 WHERE source = ? AND settled = 0"),
      orphan: db.prepare(`UPDATE operations SET settled = 2 WHERE settled = 0 AND agent = ? AND +${isFetch}`),
      orphanAll: db.prepare(`UPDATE operations SET settled = 2
        WHERE ${isFetch} AND settled = 0 AND (SELECT node FROM agents WHERE number = agent) = ?`),
      adopt: db.prepare("UPDATE operations SET settled = 0 WHERE agent = ? AND settled = 2"),
      isPromiseSettled: db.prepare("SELECT 1 FROM promises WHERE id = ? AND state <> 'pending'"),
      isInvocationDone: db.prepare(
        "SELECT 1 FROM agents AS a JOIN invocations AS i ON i.agent = a.number WHERE a.id = ? AND i.key = ? AND i.state = 'done'",
      ),
      hasAgent: db.prepare("SELECT 1 FROM agents WHERE id = ?"),
    };
  }

  put(agent: number, isOwned: boolean, { operation, source, dueAt, attempt }: OperationRow): void {
    this.#statements.put.run(agent, operation, source, dueAt, attempt, this.#read(source, isOwned));
  }

  delete(agent: number, operation: number): void {
    this.#statements.delete.run(agent, operation);
  }

  settle(source: string): void {
    this.#statements.settle.run(source);
  }

  /** An agent belongs to somebody from now on, or to nobody any more. */
  setOwned(agent: number, isOwned: boolean): void {
    if (isOwned) this.#statements.adopt.run(agent);
    else this.#statements.orphan.run(agent);
  }

  /** All agents of a node are about to belong to nobody. */
  orphanAll(node: string): void {
    this.#statements.orphanAll.run(node);
  }

  /** What somebody else may have done to a source before this agent began to wait for it. */
  #read(source: string | null, isOwned: boolean): number {
    if (source === null) return settled.no;
    const at = source.indexOf(" ");
    const name = source.slice(at + 1);
    switch (source.slice(0, at)) {
      case "fetch":
        return isOwned ? settled.no : settled.orphaned;
      case "promise":
        return Number(this.#statements.isPromiseSettled.get(name) !== undefined);
      case "deletion":
        return Number(this.#statements.hasAgent.get(name) === undefined);
      default:
        return Number(this.#isDone(name));
    }
  }

  /** An agent's id may hold spaces, and so may a key: only the store knows where one ends. */
  #isDone(name: string): boolean {
    for (let end = name.indexOf(" "); end !== -1; end = name.indexOf(" ", end + 1)) {
      if (this.#statements.isInvocationDone.get(name.slice(0, end), name.slice(end + 1)) !== undefined) return true;
    }
    return false;
  }
}
