import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AgentId, NodeId } from "../base/id.ts";
import { splitRowKey } from "./changes.ts";
import {
  checkEntries,
  checkExists,
  checkLease,
  checkOwner,
  checkPromise,
  checkSnapshot,
  type HeldAgent,
} from "./conflict.ts";
import { SqliteCalls } from "./sqlite-calls.ts";
import { packComponent } from "./sqlite-component.ts";
import { SqliteLineage } from "./sqlite-lineage.ts";
import {
  agentColumns,
  agentValues,
  assignments,
  marks,
  originColumns,
  originValues,
  promiseColumns,
  promiseValues,
  toPromise,
} from "./sqlite-row.ts";
import { transact } from "./sqlite-transaction.ts";
import { SqliteWaits } from "./sqlite-waits.ts";
import {
  deletionSource,
  invocationSource,
  promiseSource,
  type AgentRequest,
  type AgentRow,
  type Changes,
  type Fence,
  type InvocationRow,
} from "./store.ts";

interface NumberedAgent extends HeldAgent {
  number: number;
  /** Whether it has a component, as SQLite says it: 0 or 1. */
  isPlaced: number;
  /** Whether it has none and is created, so that a node is to take it up. */
  isWaiting: number;
  snapshot: string | null;
}

interface IdentifiedAgent extends NumberedAgent {
  id: AgentId;
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
  readonly #calls: SqliteCalls;
  readonly #lineage: SqliteLineage;
  readonly #waits: SqliteWaits;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#calls = new SqliteCalls(db);
    this.#lineage = new SqliteLineage(db);
    this.#waits = new SqliteWaits(db);
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
      for (const request of changes.requests) this.#request(commit, request);
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
    for (const { agent } of changes.requests) ids.add(agent);
    for (const held of this.#statements.findAgents.all(JSON.stringify([...ids]))) {
      const { id, number, node, isPlaced, isWaiting, length, snapshot } = held as unknown as IdentifiedAgent;
      agents.set(id, { number, node, isPlaced, isWaiting, length, snapshot });
    }
  }

  #checkOwners({ changes, agents, fence, isAlive }: Commit): void {
    for (const id of changes.agents.keys()) {
      const held = agents.get(id);
      if (held) checkOwner(id, held, fence, isAlive);
    }
  }

  #writeComponents({ changes }: Commit): void {
    for (const { digest, name, description, settings, createdAt, bytes } of changes.components) {
      this.#statements.putComponent.run(digest, name, description, settings, createdAt, packComponent(bytes));
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
    const { node, component, length } = row;
    // One that is placed stays so.
    const isWaiting = Number(component === null && !held?.isPlaced && row.state === "created");
    if (!held) {
      const { lastInsertRowid } = this.#statements.addAgent.run(id, ...originValues(row), ...agentValues(row));
      const isPlaced = Number(component !== null);
      agents.set(id, { number: Number(lastInsertRowid), node, isPlaced, isWaiting, length, snapshot });
      return;
    }
    const { number } = held;
    this.#statements.updateAgent.run(...agentValues(row), number);
    if (held.isPlaced === 0 && component !== null) this.#statements.place.run(component, number);
    if ((held.node === null) !== (node === null)) this.#waits.setOwned(number, node !== null);
    if (held.isWaiting !== isWaiting) this.#calls.setWaiting(number, isWaiting === 1);
    held.node = node;
    held.isWaiting = isWaiting;
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
    for (const [joined, row] of commit.changes.invocations) {
      const [id, key] = splitRowKey(joined);
      if (row === null) {
        const held = commit.agents.get(id);
        if (held && this.#calls.delete(held.number, key)) this.#waits.settle(`invocation ${id} ${key}`);
        continue;
      }
      const number = this.#numberOf(commit, id, () => `The invocation ${JSON.stringify(key)}`);
      if (number === undefined) continue;
      const seq = this.#calls.write(number, commit.agents.get(id)!.isWaiting === 1, row);
      if (seq !== row.seq) commit.numbers.set(row, seq);
      if (row.state === "done") this.#waits.settle(invocationSource(id, row.key));
    }
  }

  #writePromises({ changes }: Commit): void {
    const { putPromise, getPromise, deletePromise } = this.#statements;
    for (const [id, row] of changes.promises) {
      if (row === null) deletePromise.run(id);
      else if (putPromise.run(id, ...promiseValues(row)).changes !== 1)
        checkPromise(row, toPromise(getPromise.get(id)!));
      if (row?.state !== "pending") this.#waits.settle(promiseSource(id));
    }
  }

  #deleteOperations({ changes, agents }: Commit): void {
    for (const [joined, row] of changes.operations) {
      if (row !== null) continue;
      const [id, operation] = splitRowKey(joined);
      const held = agents.get(id);
      if (held) this.#waits.delete(held.number, Number(operation));
    }
  }

  #writeOperations(commit: Commit): void {
    for (const row of commit.changes.operations.values()) {
      if (row === null) continue;
      const number = this.#numberOf(commit, row.agent, () => `Operation ${row.operation}`);
      if (number !== undefined) this.#waits.put(number, commit.agents.get(row.agent)!.node !== null, row);
    }
  }

  #request({ agents }: Commit, request: AgentRequest): void {
    const held = agents.get(request.agent);
    if (!held) return;
    if (request.kind === "cancel") this.#calls.requestCancel(held.number, request.key);
    else this.#statements.requestDeletion.run(held.number, request.tree ?? "");
  }

  #deleteAgents({ changes, agents }: Commit): void {
    const deleted = new Map<AgentId, number | undefined>();
    for (const [id, row] of changes.agents) if (row === null) deleted.set(id, agents.get(id)?.number);
    if (deleted.size === 0) return;
    // First all forks that stay: their entries may lie with several agents that go.
    for (const id of deleted.keys()) this.#lineage.materialise(id, (fork) => !deleted.has(fork));
    for (const [id, number] of deleted) {
      this.#waits.settle(deletionSource(id));
      if (number === undefined) continue;
      for (const key of this.#lineage.delete(number, this.#now())) this.#waits.settle(`invocation ${id} ${key}`);
    }
    for (const joined of changes.invocations.keys()) {
      const [id, key] = splitRowKey(joined);
      if (deleted.has(id)) this.#waits.settle(`invocation ${id} ${key}`);
    }
  }
}

function prepare(db: DatabaseSync) {
  const agents = [...originColumns, ...agentColumns];
  const promises = promiseColumns.join(", ");
  const statements = {
    hasLease: "SELECT 1 FROM nodes WHERE id = ?",
    renewLease: "UPDATE nodes SET expiresAt = ? WHERE id = ?",
    isAlive: "SELECT 1 FROM nodes WHERE id = ? AND expiresAt > ?",
    findAgents: `SELECT a.number, a.id, a.node, a.component IS NOT NULL AS isPlaced,
        a.component IS NULL AND a.state = 'created' AS isWaiting, a.length, a.snapshot FROM json_each(?) AS wanted JOIN agents AS a ON a.id = wanted.value`,
    // The bytes are the digest's, and stay.
    putComponent: `INSERT INTO components (digest, name, description, settings, createdAt, bytes) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (digest) DO UPDATE SET name = excluded.name, description = excluded.description,
        settings = excluded.settings, createdAt = excluded.createdAt`,
    addPage: "INSERT INTO pages (digest, data) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
    findPages: `SELECT count(*) AS count, json_group_array(p.number ORDER BY wanted.key) AS numbers
      FROM json_each(?) AS wanted JOIN pages AS p ON p.digest = wanted.value`,
    addSnapshot: "INSERT INTO snapshots (id, pages, manifest) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
    hasSnapshot: "SELECT 1 FROM snapshots WHERE id = ?",
    addAgent: `INSERT INTO agents (id, ${agents.join(", ")}) VALUES (?, ${marks(agents.length)})`,
    updateAgent: `UPDATE agents SET ${assignments(agentColumns)} WHERE number = ?`,
    place: "UPDATE agents SET component = ? WHERE number = ?",
    addStep: "INSERT INTO steps (agent, first, count, entries) VALUES (?, ?, ?, ?)",
    putPromise: `INSERT INTO promises (id, ${promises}) VALUES (?, ${marks(promiseColumns.length)})
      ON CONFLICT (id) DO UPDATE SET ${assignments(promiseColumns, (column) => `excluded.${column}`)}
      WHERE promises.state = 'pending'`,
    getPromise: `SELECT id, ${promises} FROM promises WHERE id = ?`,
    deletePromise: "DELETE FROM promises WHERE id = ?",
    requestDeletion: "INSERT OR IGNORE INTO deletionRequests (agent, tree) VALUES (?, ?)",
  };
  return Object.fromEntries(Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)])) as Record<
    keyof typeof statements,
    StatementSync
  >;
}
