import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AgentId, NodeId } from "../base/id.ts";
import { splitRowKey } from "./changes.ts";
import {
  checkEntries,
  checkExists,
  checkInvocation,
  checkLease,
  checkOwner,
  checkPromise,
  checkSnapshot,
  type HeldAgent,
} from "./conflict.ts";
import { packComponent } from "./sqlite-component.ts";
import { SqliteLineage } from "./sqlite-lineage.ts";
import {
  agentColumns,
  agentValues,
  assignments,
  invocationColumns,
  invocationValues,
  marks,
  promiseColumns,
  promiseValues,
  toInvocation,
  toPromise,
} from "./sqlite-row.ts";
import { transact } from "./sqlite-transaction.ts";
import {
  invocationSource,
  promiseSource,
  type AgentRow,
  type Changes,
  type Fence,
  type InvocationRow,
} from "./store.ts";

interface NumberedAgent extends HeldAgent {
  number: number;
  snapshot: string | null;
}

/** One commit under way. */
interface Commit {
  changes: Changes;
  fence: Fence;
  /** The agents of its rows that exist. */
  agents: Map<AgentId, NumberedAgent>;
  /** Numbers to be written into rows when the commit has succeeded. */
  numbers: Map<InvocationRow, number>;
  isAlive: (node: NodeId) => boolean;
}

/** Writes commits: one statement a row, each prepared once. Nothing here is read before it is needed to refuse. */
export class SqliteWriter {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #lineage: SqliteLineage;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#lineage = new SqliteLineage(db);
    this.#statements = prepare(db);
  }

  commit(changes: Changes, fence: Fence): void {
    const commit: Commit = { changes, fence, agents: new Map(), numbers: new Map(), isAlive: this.#aliveness() };
    transact(this.#db, () => {
      this.#holdLease(fence);
      this.#findAgents(commit);
      this.#checkOwners(commit);
      checkEntries(changes, fence, (id) => commit.agents.get(id));
      this.#writeComponents(commit);
      this.#writeSnapshots(commit);
      for (const row of changes.agents.values()) if (row) this.#writeAgent(commit, row);
      this.#writeSteps(commit);
      // Operations that end leave first: what has settled need not be noted in them.
      this.#deleteOperations(commit);
      this.#writeInvocations(commit);
      this.#writePromises(commit);
      this.#writeOperations(commit);
      this.#deleteAgents(commit);
    });
    for (const [row, seq] of commit.numbers) row.seq = seq;
  }

  #holdLease({ node, expiresAt }: Fence): void {
    if (node === null) return;
    const { renewLease, hasLease } = this.#statements;
    checkLease(
      node,
      expiresAt === undefined ? hasLease.get(node) !== undefined : renewLease.run(expiresAt, node).changes === 1,
    );
  }

  #aliveness(): (node: NodeId) => boolean {
    const known = new Map<NodeId, boolean>();
    return (node) => {
      let isAlive = known.get(node);
      if (isAlive === undefined)
        known.set(node, (isAlive = this.#statements.isAlive.get(node, this.#now()) !== undefined));
      return isAlive;
    };
  }

  #findAgents({ changes, agents }: Commit): void {
    const ids = new Set<string>(changes.agents.keys());
    for (const { agent } of changes.steps) ids.add(agent);
    for (const key of changes.invocations.keys()) ids.add(splitRowKey(key)[0]);
    for (const key of changes.operations.keys()) ids.add(splitRowKey(key)[0]);
    for (const row of changes.agents.values()) if (row?.parent) ids.add(row.parent.agent);
    for (const held of this.#statements.findAgents.all(JSON.stringify([...ids]))) {
      agents.set(held["id"] as AgentId, held as unknown as NumberedAgent);
    }
  }

  #checkOwners({ changes, agents, fence, isAlive }: Commit): void {
    for (const id of changes.agents.keys()) {
      const held = agents.get(id);
      if (held) checkOwner(id, held, fence, isAlive);
    }
  }

  #writeComponents({ changes }: Commit): void {
    for (const { digest, name, description, createdAt, bytes } of changes.components) {
      this.#statements.putComponent.run(digest, name, description, createdAt, packComponent(bytes));
    }
  }

  #writeSnapshots({ changes }: Commit): void {
    const { addPage, findPages, addSnapshot } = this.#statements;
    for (const { digest, data } of changes.pages) addPage.run(digest, data);
    for (const { id, manifest, pages } of changes.snapshots) {
      const found = findPages.get(JSON.stringify(pages))!;
      checkSnapshot(id, found["count"] === pages.length, "This commit adds");
      addSnapshot.run(id, found["numbers"]!, manifest);
    }
  }

  #writeAgent({ agents }: Commit, row: AgentRow): void {
    const { id } = row;
    const held = agents.get(id);
    const snapshot = row.snapshot?.id ?? null;
    if (snapshot !== null && snapshot !== held?.snapshot) {
      checkSnapshot(snapshot, this.#statements.hasSnapshot.get(snapshot) !== undefined, `${id} names`);
    }
    if (held) {
      this.#statements.updateAgent.run(...agentValues(row), held.number);
      return;
    }
    const { lastInsertRowid } = this.#statements.addAgent.run(id, ...agentValues(row));
    agents.set(id, { number: Number(lastInsertRowid), node: row.node, length: row.length, snapshot });
  }

  /** The number of the agent that a row belongs to; undefined if the agent never was and this commit deletes it. */
  #numberOf({ changes, agents }: Commit, id: AgentId, what: () => string): number | undefined {
    const held = agents.get(id);
    if (!held && changes.agents.get(id) !== null) checkExists(id, false, what());
    return held?.number;
  }

  #writeSteps(commit: Commit): void {
    for (const { agent, first, count, entries } of commit.changes.steps) {
      const number = this.#numberOf(commit, agent, () => `A step at ${first}`);
      if (number !== undefined) this.#statements.addStep.run(number, first, count, entries);
    }
  }

  #writeInvocations(commit: Commit): void {
    const { addInvocation, updateInvocation, deleteInvocation } = this.#statements;
    for (const [joined, row] of commit.changes.invocations) {
      const [id, key] = splitRowKey(joined);
      if (row === null) {
        const held = commit.agents.get(id);
        if (held && deleteInvocation.run(held.number, key).changes === 1) this.#settle(`invocation ${id} ${key}`);
        continue;
      }
      const number = this.#numberOf(commit, id, () => `The invocation ${JSON.stringify(key)}`);
      if (number === undefined) continue;
      const values = invocationValues(row);
      if (row.seq !== 0) {
        // Most updates pass here; one that does not is looked at closely.
        if (updateInvocation.run(...values, row.seq, number, key, "done").changes !== 1)
          this.#replaceInvocation(commit, number, row);
      } else {
        const added = addInvocation.run(number, row.key, ...values);
        if (added.changes === 1) commit.numbers.set(row, Number(added.lastInsertRowid));
        else this.#replaceInvocation(commit, number, row);
      }
      if (row.state === "done") this.#settle(invocationSource(id, row.key));
    }
  }

  #replaceInvocation({ numbers }: Commit, number: number, row: InvocationRow): void {
    const columns = this.#statements.getInvocation.get(number, row.key);
    const held = columns && toInvocation(columns);
    checkInvocation(row, held);
    this.#statements.updateInvocation.run(...invocationValues(row), held!.seq, number, row.key, "");
    numbers.set(row, held!.seq);
  }

  #writePromises({ changes }: Commit): void {
    const { putPromise, getPromise, deletePromise } = this.#statements;
    for (const [id, row] of changes.promises) {
      if (row === null) deletePromise.run(id);
      else if (putPromise.run(id, ...promiseValues(row)).changes !== 1)
        checkPromise(row, toPromise(getPromise.get(id)!));
      if (row?.state !== "pending") this.#settle(promiseSource(id));
    }
  }

  #settle(source: string): void {
    this.#statements.settleOperations.run(source);
  }

  #deleteOperations({ changes, agents }: Commit): void {
    for (const [joined, row] of changes.operations) {
      if (row !== null) continue;
      const [id, operation] = splitRowKey(joined);
      const held = agents.get(id);
      if (held) this.#statements.deleteOperation.run(held.number, Number(operation));
    }
  }

  #writeOperations(commit: Commit): void {
    for (const row of commit.changes.operations.values()) {
      if (row === null) continue;
      const { agent, operation, source, dueAt } = row;
      const number = this.#numberOf(commit, agent, () => `Operation ${operation}`);
      if (number === undefined) continue;
      this.#statements.putOperation.run(
        number,
        operation,
        source,
        dueAt,
        Number(source !== null && this.#hasSettled(source)),
      );
    }
  }

  /** Whether another node has settled a source before this one began to wait for it. */
  #hasSettled(source: string): boolean {
    const { hasPromiseSettled, isInvocationDone } = this.#statements;
    const at = source.indexOf(" ");
    const name = source.slice(at + 1);
    if (source.slice(0, at) === "promise") return hasPromiseSettled.get(name) !== undefined;
    // An agent's id may hold spaces, and so may a key: only the store knows where one ends.
    for (let end = name.indexOf(" "); end !== -1; end = name.indexOf(" ", end + 1)) {
      if (isInvocationDone.get(name.slice(0, end), name.slice(end + 1)) !== undefined) return true;
    }
    return false;
  }

  #deleteAgents({ changes, agents }: Commit): void {
    const deleted = new Map<AgentId, number | undefined>();
    for (const [id, row] of changes.agents) if (row === null) deleted.set(id, agents.get(id)?.number);
    if (deleted.size === 0) return;
    // First all forks that stay: their entries may lie with several agents that go.
    for (const id of deleted.keys()) this.#lineage.materialise(id, (fork) => !deleted.has(fork));
    for (const [id, number] of deleted) {
      if (number === undefined) continue;
      for (const key of this.#lineage.delete(number)) this.#settle(`invocation ${id} ${key}`);
    }
    for (const joined of changes.invocations.keys()) {
      const [id, key] = splitRowKey(joined);
      if (deleted.has(id)) this.#settle(`invocation ${id} ${key}`);
    }
  }
}

function prepare(db: DatabaseSync) {
  const agents = agentColumns.join(", ");
  const invocations = invocationColumns.join(", ");
  const promises = promiseColumns.join(", ");
  const statements = {
    hasLease: "SELECT 1 FROM nodes WHERE id = ?",
    renewLease: "UPDATE nodes SET expiresAt = ? WHERE id = ?",
    isAlive: "SELECT 1 FROM nodes WHERE id = ? AND expiresAt > ?",
    findAgents:
      "SELECT a.number, a.id, a.node, a.length, a.snapshot FROM json_each(?) AS wanted JOIN agents AS a ON a.id = wanted.value",
    // The bytes are the digest's, and stay.
    putComponent: `INSERT INTO components (digest, name, description, createdAt, bytes) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (digest) DO UPDATE SET name = excluded.name, description = excluded.description, createdAt = excluded.createdAt`,
    addPage: "INSERT INTO pages (digest, data) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
    findPages: `SELECT count(*) AS count, json_group_array(p.number ORDER BY wanted.key) AS numbers
      FROM json_each(?) AS wanted JOIN pages AS p ON p.digest = wanted.value`,
    addSnapshot: "INSERT INTO snapshots (id, pages, manifest) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
    hasSnapshot: "SELECT 1 FROM snapshots WHERE id = ?",
    addAgent: `INSERT INTO agents (id, ${agents}) VALUES (?, ${marks(agentColumns.length)})`,
    updateAgent: `UPDATE agents SET ${assignments(agentColumns)} WHERE number = ?`,
    addStep: "INSERT INTO steps (agent, first, count, entries) VALUES (?, ?, ?, ?)",
    addInvocation: `INSERT INTO invocations (agent, key, ${invocations}) VALUES (?, ?, ${marks(invocationColumns.length)})
      ON CONFLICT (agent, key) DO NOTHING`,
    updateInvocation: `UPDATE invocations SET ${assignments(invocationColumns)}
      WHERE seq = ? AND agent = ? AND key = ? AND state <> ?`,
    getInvocation: "SELECT i.*, '' AS id FROM invocations AS i WHERE agent = ? AND key = ?",
    deleteInvocation: "DELETE FROM invocations WHERE agent = ? AND key = ?",
    isInvocationDone:
      "SELECT 1 FROM agents AS a JOIN invocations AS i ON i.agent = a.number WHERE a.id = ? AND i.key = ? AND i.state = 'done'",
    putPromise: `INSERT INTO promises (id, ${promises}) VALUES (?, ${marks(promiseColumns.length)})
      ON CONFLICT (id) DO UPDATE SET ${assignments(promiseColumns, (column) => `excluded.${column}`)}
      WHERE promises.state = 'pending'`,
    getPromise: `SELECT id, ${promises} FROM promises WHERE id = ?`,
    deletePromise: "DELETE FROM promises WHERE id = ?",
    hasPromiseSettled: "SELECT 1 FROM promises WHERE id = ? AND state <> 'pending'",
    putOperation: `INSERT INTO operations (agent, operation, source, dueAt, settled) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (agent, operation) DO UPDATE SET source = excluded.source, dueAt = excluded.dueAt, settled = excluded.settled`,
    deleteOperation: "DELETE FROM operations WHERE agent = ? AND operation = ?",
    settleOperations: "UPDATE operations SET settled = 1 WHERE source = ? AND settled = 0",
  };
  return Object.fromEntries(Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)])) as Record<
    keyof typeof statements,
    StatementSync
  >;
}
