import type { DatabaseSync } from "node:sqlite";
import type { AgentId, NodeId } from "../base/id.ts";
import { toInvocation, toOperation, toPromise } from "./sqlite-row.ts";
import { readTogether } from "./sqlite-transaction.ts";
import type { DeletionRequest, OperationRow, Store } from "./store.ts";

/*
 * Queries repeat the condition of a partial index, as SQLite wants it in order to use one.
 */

export const isAtWork = "state IN ('created', 'running')";

/** Agents with something to do by the moment `?2`, beside those whose state says so: few, whatever waits. */
export const stirred = `
  SELECT agent FROM (
    SELECT DISTINCT agent FROM invocations
      WHERE state = 'queued' AND state <> 'done' AND (dueAt IS NULL OR dueAt <= ?2)) AS queues
    WHERE NOT EXISTS (SELECT 1 FROM invocations WHERE state = 'running' AND state <> 'done' AND agent = queues.agent)
  UNION SELECT agent FROM invocations WHERE cancelRequested = 2 AND state <> 'done'
  UNION SELECT agent FROM operations WHERE settled > 0`;

const ready = `SELECT id FROM agents WHERE number IN (
    SELECT number FROM agents WHERE ${isAtWork} AND node = ?1
    UNION ALL SELECT number FROM agents WHERE ${isAtWork} AND node IS NULL AND targetGroup IS NULL
    UNION ALL SELECT number FROM (${stirred}) CROSS JOIN agents ON number = agent
      WHERE node = ?1 OR (node IS NULL AND targetGroup IS NULL))
  ORDER BY number`;

/** Whether the node `?1` owns the agent `a`, or may. */
const concerns = `(a.node = ?1 OR (a.node IS NULL AND (a.targetGroup IS NULL OR EXISTS (SELECT 1 FROM nodes AS n
  WHERE n.id = ?1 AND n."group" = a.targetGroup AND (a.targetOnly = 0 OR a.targetNode = n.name)))))`;

/** Whether the agent `a` belongs to the node `?1`, or to nobody who is alive at `?2`. */
const isInReach = "(a.node IS NULL OR a.node = ?1 OR a.node NOT IN (SELECT id FROM nodes WHERE expiresAt > ?2))";

const operations = "SELECT o.*, a.id FROM operations AS o JOIN agents AS a ON a.number = o.agent";
const invocations = "SELECT i.*, a.id FROM invocations AS i JOIN agents AS a ON a.number = i.agent";

/** What there is to do, and for whom. */
export class SqliteWork {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #statements;

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#statements = {
      ready: db.prepare(ready),
      settled: db.prepare(
        `${operations} WHERE o.settled > 0 AND o.settled = 1 AND a.node = ? ORDER BY o.agent, o.operation`,
      ),
      nextDue: db.prepare(`SELECT min(at) AS at FROM (
        SELECT min(dueAt) AS at FROM operations WHERE dueAt > ?1
        UNION ALL SELECT min(expiresAt) FROM promises
          WHERE state = 'pending' AND expiresAt IS NOT NULL AND expiresAt > ?1
        UNION ALL SELECT min(dueAt) FROM invocations
          WHERE state IN ('queued', 'waiting') AND dueAt IS NOT NULL AND dueAt > ?1)`),
      dueOperations: db.prepare(`${operations} WHERE o.dueAt <= ?2 AND ${concerns} ORDER BY o.dueAt`),
      duePromises: db.prepare(`SELECT * FROM promises
        WHERE state = 'pending' AND expiresAt IS NOT NULL AND expiresAt <= ? ORDER BY expiresAt`),
      dueInvocations: db.prepare(`${invocations} WHERE i.state IN ('queued', 'waiting') AND i.dueAt IS NOT NULL
        AND i.dueAt <= ?2 AND ${concerns} ORDER BY i.dueAt, i.seq`),
      expired: db.prepare(`SELECT id FROM agents AS a WHERE state = 'ended' AND updatedAt <= ?3 AND ${isInReach}
          AND NOT EXISTS (SELECT 1 FROM invocations AS i WHERE i.agent = a.number AND (i.state <> 'done'
            OR EXISTS (SELECT 1 FROM operations WHERE source = 'invocation ' || a.id || ' ' || i.key)))
        ORDER BY updatedAt, number LIMIT ?4`),
      deletionRequests: db.prepare(`SELECT a.id AS agent, nullif(r.tree, '') AS tree
        FROM deletionRequests AS r JOIN agents AS a ON a.number = r.agent
        WHERE ${isInReach} ORDER BY r.agent, r.tree LIMIT ?3`),
      isTreePending: db.prepare("SELECT 1 FROM deletionRequests WHERE tree = ? LIMIT 1"),
      isPending: db.prepare(
        "SELECT 1 FROM deletionRequests WHERE tree = '' AND agent = (SELECT number FROM agents WHERE id = ?)",
      ),
    };
  }

  ready(node: NodeId, at: number): AgentId[] {
    return this.#statements.ready.all(node, at).map(({ id }) => id as AgentId);
  }

  settled(node: NodeId): OperationRow[] {
    return this.#statements.settled.all(node).map(toOperation);
  }

  nextDue(after: number): number | undefined {
    return (this.#statements.nextDue.get(after)!["at"] as number | null) ?? undefined;
  }

  due(node: NodeId, at: number): Awaited<ReturnType<Store["due"]>> {
    const { dueOperations, duePromises, dueInvocations } = this.#statements;
    return readTogether(this.#db, () => ({
      operations: dueOperations.all(node, at).map(toOperation),
      promises: duePromises.all(at).map(toPromise),
      invocations: dueInvocations.all(node, at).map(toInvocation),
    }));
  }

  expired(node: NodeId, before: number, limit: number): AgentId[] {
    return this.#statements.expired.all(node, this.#now(), before, limit).map(({ id }) => id as AgentId);
  }

  deletionRequests(node: NodeId, limit: number): DeletionRequest[] {
    return this.#statements.deletionRequests.all(node, this.#now(), limit) as unknown[] as DeletionRequest[];
  }

  isDeletionPending(root: AgentId, tree: boolean): boolean {
    const { isTreePending, isPending } = this.#statements;
    return (tree ? isTreePending : isPending).get(root) !== undefined;
  }
}
