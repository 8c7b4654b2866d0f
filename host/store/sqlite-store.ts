import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import { collect } from "./sqlite-collection.ts";
import { unpackComponent } from "./sqlite-component.ts";
import { describeFailure } from "./sqlite-error.ts";
import { openFile, type SqliteFileOptions } from "./sqlite-file.ts";
import {
  agentColumns,
  checkKey,
  originColumns,
  promiseColumns,
  storedKey,
  toAgent,
  toInvocation,
  toOperation,
  toPromise,
  type Columns,
} from "./sqlite-row.ts";
import { SqliteOwners } from "./sqlite-owners.ts";
import { readSteps } from "./sqlite-steps.ts";
import { readTogether, transact } from "./sqlite-transaction.ts";
import { SqliteWork } from "./sqlite-work.ts";
import { SqliteWriter } from "./sqlite-writer.ts";
import type {
  AgentRow,
  AgentState,
  Changes,
  ComponentRow,
  DeletionRequest,
  Fence,
  NodeRow,
  OperationRow,
  PageRow,
  PromiseRow,
  SnapshotRow,
  Store,
} from "./store.ts";

export interface SqliteStoreOptions extends Partial<SqliteFileOptions> {
  file: string;
  /** Tells which leases have run out. */
  now: () => number;
}

/**
 * Opens the store in a file, and makes it if there is none. Several processes may have it open.
 *
 * Shape:  one SQLite database with a write-ahead log; `durability` is full unless said otherwise.
 * Errors: HostError `store/missing`, `store/not-planaria`, `store/version`, `store/corrupt`, `store/read-only`,
 *         `store/busy`, `store/full`, `store/failed`.
 */
export async function openSqliteStore({ file, now, ...options }: SqliteStoreOptions): Promise<Store> {
  const db = openFile({
    durability: "full",
    readOnly: false,
    busyTimeoutMs: 8_000,
    sizeLimitBytes: null,
    ...options,
    file,
  });
  try {
    return new SqliteStore(db, file, now);
  } catch (cause) {
    // Statements that are no good any more are those of a damaged schema.
    db.close();
    throw describeFailure(cause, file);
  }
}

const agentList = ["id", ...originColumns, ...agentColumns].join(", ");
const promiseList = ["id", ...promiseColumns].join(", ");
const selectAgents = `SELECT ${agentList} FROM agents`;
const selectInvocations = "SELECT i.*, a.id FROM invocations AS i JOIN agents AS a ON a.number = i.agent";
const selectOperations = "SELECT o.*, a.id FROM operations AS o JOIN agents AS a ON a.number = o.agent";
const selectPromises = `SELECT ${promiseList} FROM promises`;
const selectAgent = `SELECT ${storedKey("agents", "id")}, ${agentList} FROM agents WHERE id = ?`;
const selectPromise = `SELECT ${storedKey("promises", "id")}, ${promiseList} FROM promises WHERE id = ?`;
const selectInvocation = `SELECT ${storedKey("invocations", "key", "seq")}, invocations.*, a.id
  FROM invocations JOIN agents AS a ON a.number = invocations.agent WHERE a.id = ? AND invocations.key = ?`;
const numberOf = "(SELECT number FROM agents WHERE id = ?)";

/**
 * SQLite's calls block: each method has done its work before it returns its promise.
 *
 * Queries repeat the condition of a partial index, as SQLite wants it in order to use one.
 */
class SqliteStore implements Store {
  readonly url: string;
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #writer: SqliteWriter;
  readonly #owners: SqliteOwners;
  readonly #work: SqliteWork;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, file: string, now: () => number) {
    this.url = `sqlite:${file}`;
    this.#db = db;
    this.#file = file;
    this.#writer = new SqliteWriter(db, now);
    this.#owners = new SqliteOwners(db, now);
    this.#work = new SqliteWork(db, now);
  }

  async commit(changes: Changes, fence: Fence): Promise<void> {
    this.#attempt(() => this.#writer.commit(changes, fence));
  }

  async component(digest: Digest): Promise<ComponentRow | undefined> {
    const row = this.#get("SELECT * FROM components WHERE digest = ?", digest) as ComponentRow | undefined;
    return row && { ...row, bytes: unpackComponent(digest, row.bytes) };
  }

  async components(): Promise<Omit<ComponentRow, "bytes">[]> {
    const rows = this.#all(
      "SELECT digest, name, description, settings, createdAt FROM components ORDER BY createdAt DESC, rowid DESC",
    );
    return rows as unknown[] as Omit<ComponentRow, "bytes">[];
  }

  async agent(id: AgentId): Promise<AgentRow | undefined> {
    const columns = this.#get(selectAgent, id);
    return columns && toAgent(checkKey(columns, id, this.#file));
  }

  async agents(filter: { state?: AgentState; component?: Digest; limit?: number } = {}): Promise<AgentRow[]> {
    const { state = null, component = null, limit = -1 } = filter;
    const where = "(?1 IS NULL OR state = ?1) AND (?2 IS NULL OR component = ?2)";
    return this.#all(`${selectAgents} WHERE ${where} ORDER BY number LIMIT ?3`, state, component, limit).map(toAgent);
  }

  async forks(parent: AgentId): Promise<AgentRow[]> {
    return this.#all(`${selectAgents} WHERE parentAgent = ? ORDER BY number`, parent).map(toAgent);
  }

  async children(agent: AgentId): Promise<AgentRow[]> {
    return this.#all(`${selectAgents} WHERE createdBy = ? ORDER BY number`, agent).map(toAgent);
  }

  async expired(node: NodeId, before: number, limit: number): Promise<AgentId[]> {
    return this.#attempt(() => this.#work.expired(node, before, limit));
  }

  async pastLength(id: AgentId): Promise<number> {
    return Number(this.#get("SELECT length FROM pastLengths WHERE id = ?", id)?.["length"] ?? 0);
  }

  async steps(agent: AgentId, from: number) {
    return this.#attempt(() =>
      readTogether(this.#db, () => readSteps((sql) => this.#prepare(sql), this.#file, agent, from)),
    );
  }

  async invocation(agent: AgentId, key: InvocationKey) {
    const columns = this.#get(selectInvocation, agent, key);
    return columns && toInvocation(checkKey(columns, key, this.#file));
  }

  async queue(agent: AgentId) {
    const order = "ORDER BY i.state = 'running' DESC, i.seq";
    const open = "i.state IN ('queued', 'waiting', 'running') AND i.state <> 'done'";
    return this.#all(`${selectInvocations} WHERE ${open} AND i.agent = ${numberOf} ${order}`, agent).map(toInvocation);
  }

  async invocations(agent: AgentId) {
    return this.#all(`${selectInvocations} WHERE a.id = ? ORDER BY i.seq`, agent).map(toInvocation);
  }

  async promise(id: PromiseId): Promise<PromiseRow | undefined> {
    const columns = this.#get(selectPromise, id);
    return columns && toPromise(checkKey(columns, id, this.#file));
  }

  async promises({ state, limit = -1 }: { state?: PromiseRow["state"]; limit?: number } = {}): Promise<PromiseRow[]> {
    const where = "WHERE ?1 IS NULL OR state = ?1 ORDER BY number LIMIT ?2";
    return this.#all(`${selectPromises} ${where}`, state ?? null, limit).map(toPromise);
  }

  async operations(agent: AgentId) {
    return this.#all(`${selectOperations} WHERE a.id = ? ORDER BY o.operation`, agent).map(toOperation);
  }

  async waiters(source: string) {
    return this.#all(`${selectOperations} WHERE o.source = ? ORDER BY o.agent, o.operation`, source).map(toOperation);
  }

  async nextDue(after: number): Promise<number | undefined> {
    return this.#attempt(() => this.#work.nextDue(after));
  }

  async due(node: NodeId, at: number) {
    return this.#attempt(() => this.#work.due(node, at));
  }

  async settled(node: NodeId): Promise<OperationRow[]> {
    return this.#attempt(() => this.#work.settled(node));
  }

  async ready(node: NodeId, at: number): Promise<AgentId[]> {
    return this.#attempt(() => this.#work.ready(node, at));
  }

  async take(node: NodeId, limit: number, at: number): Promise<AgentId[]> {
    return this.#attempt(() => this.#owners.take(node, limit, at));
  }

  async countWaiting(group: string, at: number): Promise<number> {
    return this.#attempt(() => this.#owners.countWaiting(group, at));
  }

  async countAgents(component: Digest): Promise<number> {
    const counted = "SELECT count(*) AS count FROM agents WHERE component = ? AND state <> 'ended'";
    return this.#get(counted, component)!["count"] as number;
  }

  async deletionRequests(node: NodeId, limit: number): Promise<DeletionRequest[]> {
    return this.#attempt(() => this.#work.deletionRequests(node, limit));
  }

  async isDeletionPending(root: AgentId, { tree }: { tree: boolean }): Promise<boolean> {
    return this.#attempt(() => this.#work.isDeletionPending(root, tree));
  }

  async snapshot(id: string): Promise<SnapshotRow | undefined> {
    const columns = this.#get(
      `SELECT manifest, (SELECT json_group_array(p.digest ORDER BY wanted.key)
        FROM json_each(snapshots.pages) AS wanted JOIN pages AS p ON p.number = wanted.value) AS digests
      FROM snapshots WHERE id = ?`,
      id,
    );
    return (
      columns && { id, manifest: columns["manifest"] as Uint8Array, pages: JSON.parse(columns["digests"] as string) }
    );
  }

  async pages(digests: readonly string[]): Promise<PageRow[]> {
    const rows = this.#all(
      "SELECT digest, data FROM pages WHERE digest IN (SELECT value FROM json_each(?))",
      JSON.stringify(digests),
    );
    return rows as unknown[] as PageRow[];
  }

  async join(node: NodeRow): Promise<void> {
    this.#attempt(() => this.#owners.join(node));
  }

  async offer(node: NodeId, offered: Pick<NodeRow, "slots" | "full">): Promise<boolean> {
    return this.#attempt(() => this.#owners.offer(node, offered));
  }

  async leave(node: NodeId): Promise<void> {
    this.#attempt(() => this.#owners.leave(node));
  }

  async nodes(): Promise<NodeRow[]> {
    return this.#attempt(() => this.#owners.nodes());
  }

  async release(node: NodeId, dead: readonly NodeId[]): Promise<void> {
    this.#attempt(() => this.#owners.release(node, dead));
  }

  async claim(node: NodeId, agents: readonly AgentId[], { anyTarget }: { anyTarget?: boolean } = {}) {
    return this.#attempt(() => this.#owners.claim(node, agents, anyTarget));
  }

  async version(): Promise<number> {
    return this.#get("PRAGMA data_version")!["data_version"] as number;
  }

  async collect(before: number | null) {
    return this.#attempt(() => transact(this.#db, () => collect(this.#db, before)));
  }

  async sizes() {
    return this.#attempt(() =>
      readTogether(this.#db, () => {
        const pragma = (name: string) => this.#get(`PRAGMA ${name}`)![name] as number;
        return {
          oplogBytes: this.#sumBytes("entries", "steps"),
          snapshotBytes: this.#sumBytes("manifest", "snapshots") + this.#sumBytes("data", "pages"),
          componentBytes: this.#sumBytes("bytes", "components"),
          totalBytes: (pragma("page_count") - pragma("freelist_count")) * pragma("page_size"),
        };
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#db.isOpen) this.#attempt(() => this.#db.close());
  }

  #sumBytes(column: string, rows: string): number {
    return this.#get(`SELECT total(octet_length(${column})) AS sizeBytes FROM ${rows}`)!["sizeBytes"] as number;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #get(sql: string, ...values: (string | number | null)[]): Columns | undefined {
    return this.#attempt(() => this.#prepare(sql).get(...values));
  }

  #all(sql: string, ...values: (string | number | null)[]): Columns[] {
    return this.#attempt(() => this.#prepare(sql).all(...values));
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw describeFailure(cause, this.#file);
    }
  }
}
