import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import { checkLease } from "./conflict.ts";
import { unpackComponent } from "./sqlite-component.ts";
import { describeFailure } from "./sqlite-error.ts";
import { openFile, type SqliteFileOptions } from "./sqlite-file.ts";
import {
  agentColumns,
  promiseColumns,
  toAgent,
  toInvocation,
  toOperation,
  toPromise,
  type Columns,
} from "./sqlite-row.ts";
import { readSteps } from "./sqlite-steps.ts";
import { readTogether, transact } from "./sqlite-transaction.ts";
import { SqliteWriter } from "./sqlite-writer.ts";
import type {
  AgentRow,
  AgentState,
  Changes,
  ComponentRow,
  Fence,
  NodeRow,
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
  return new SqliteStore(db, file, now);
}

const selectAgents = `SELECT id, ${agentColumns.join(", ")} FROM agents`;
const selectInvocations = "SELECT i.*, a.id FROM invocations AS i JOIN agents AS a ON a.number = i.agent";
const selectOperations = "SELECT o.*, a.id FROM operations AS o JOIN agents AS a ON a.number = o.agent";
const selectPromises = `SELECT id, ${promiseColumns.join(", ")} FROM promises`;
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
  readonly #now: () => number;
  readonly #writer: SqliteWriter;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, file: string, now: () => number) {
    this.url = `sqlite:${file}`;
    this.#db = db;
    this.#file = file;
    this.#now = now;
    this.#writer = new SqliteWriter(db, now);
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
      "SELECT digest, name, description, createdAt FROM components ORDER BY createdAt DESC, rowid DESC",
    );
    return rows as unknown[] as Omit<ComponentRow, "bytes">[];
  }

  async agent(id: AgentId): Promise<AgentRow | undefined> {
    const columns = this.#get(`${selectAgents} WHERE id = ?`, id);
    return columns && toAgent(columns);
  }

  async agents(filter: { state?: AgentState; component?: Digest; limit?: number } = {}): Promise<AgentRow[]> {
    const { state = null, component = null, limit = -1 } = filter;
    const where = "(?1 IS NULL OR state = ?1) AND (?2 IS NULL OR component = ?2)";
    return this.#all(`${selectAgents} WHERE ${where} ORDER BY number LIMIT ?3`, state, component, limit).map(toAgent);
  }

  async forks(parent: AgentId): Promise<AgentRow[]> {
    return this.#all(`${selectAgents} WHERE parentAgent = ? ORDER BY number`, parent).map(toAgent);
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
    const columns = this.#get(`${selectInvocations} WHERE a.id = ? AND i.key = ?`, agent, key);
    return columns && toInvocation(columns);
  }

  async queue(agent: AgentId) {
    const order = "ORDER BY i.state = 'running' DESC, i.seq";
    const open = "i.state IN ('queued', 'running') AND i.state <> 'done'";
    return this.#all(`${selectInvocations} WHERE ${open} AND i.agent = ${numberOf} ${order}`, agent).map(toInvocation);
  }

  async invocations(agent: AgentId) {
    return this.#all(`${selectInvocations} WHERE a.id = ? ORDER BY i.seq`, agent).map(toInvocation);
  }

  async promise(id: PromiseId): Promise<PromiseRow | undefined> {
    const columns = this.#get(`${selectPromises} WHERE id = ?`, id);
    return columns && toPromise(columns);
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

  async nextDue(): Promise<number | undefined> {
    const due = this.#get(`SELECT min(at) AS at FROM (
      SELECT min(dueAt) AS at FROM operations WHERE dueAt IS NOT NULL
      UNION ALL SELECT min(expiresAt) FROM promises WHERE state = 'pending' AND expiresAt IS NOT NULL
      UNION ALL SELECT min(dueAt) FROM invocations WHERE state = 'queued' AND dueAt IS NOT NULL)`);
    return (due!["at"] as number | null) ?? undefined;
  }

  async due(at: number) {
    const isExpired = "state = 'pending' AND expiresAt IS NOT NULL AND expiresAt <= ?";
    const isDue = "i.state = 'queued' AND i.dueAt IS NOT NULL AND i.dueAt <= ?";
    return this.#attempt(() =>
      readTogether(this.#db, () => ({
        operations: this.#all(`${selectOperations} WHERE o.dueAt <= ? ORDER BY o.dueAt`, at).map(toOperation),
        promises: this.#all(`${selectPromises} WHERE ${isExpired} ORDER BY expiresAt`, at).map(toPromise),
        invocations: this.#all(`${selectInvocations} WHERE ${isDue} ORDER BY i.dueAt, i.seq`, at).map(toInvocation),
      })),
    );
  }

  async ready(node: NodeId, at: number): Promise<AgentId[]> {
    const runs = "SELECT 1 FROM invocations WHERE state = 'running' AND state <> 'done' AND agent = i.agent";
    const rows = this.#all(
      `SELECT id FROM agents WHERE (node IS NULL OR node = ?1) AND number IN (
        SELECT number FROM agents WHERE state IN ('created', 'running')
        UNION SELECT agent FROM invocations AS i WHERE state = 'queued' AND state <> 'done'
          AND (dueAt IS NULL OR dueAt <= ?2) AND NOT EXISTS (${runs})
        UNION SELECT agent FROM operations WHERE settled = 1)
      ORDER BY number`,
      node,
      at,
    );
    return rows.map(({ id }) => id as AgentId);
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

  async join({ id, expiresAt, pid, machine, startedAt }: NodeRow): Promise<void> {
    this.#run("INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?, ?)", id, expiresAt, pid, machine, startedAt);
  }

  async leave(node: NodeId): Promise<void> {
    this.#attempt(() =>
      transact(this.#db, () => {
        this.#run("DELETE FROM nodes WHERE id = ?", node);
        this.#run("UPDATE agents SET node = NULL WHERE node = ?", node);
      }),
    );
  }

  async nodes(): Promise<NodeRow[]> {
    const rows = this.#all("SELECT id, expiresAt, pid, machine, startedAt FROM nodes ORDER BY startedAt, id");
    return rows as unknown[] as NodeRow[];
  }

  async claim(node: NodeId, agents: readonly AgentId[], dead: readonly NodeId[] = []): Promise<AgentId[]> {
    const isFree = "node IS NULL OR node = ?1 OR node NOT IN (SELECT id FROM nodes WHERE expiresAt > ?3)";
    return this.#attempt(() =>
      transact(this.#db, () => {
        checkLease(node, this.#get("SELECT 1 FROM nodes WHERE id = ?", node) !== undefined);
        for (const gone of dead) {
          if (gone === node) continue;
          this.#run("DELETE FROM nodes WHERE id = ?", gone);
          this.#run("UPDATE agents SET node = ? WHERE node = ?", node, gone);
        }
        const now = this.#now();
        return agents.filter(
          (id) => this.#run(`UPDATE agents SET node = ?1 WHERE id = ?2 AND (${isFree})`, node, id, now) === 1,
        );
      }),
    );
  }

  async version(): Promise<number> {
    return this.#get("PRAGMA data_version")!["data_version"] as number;
  }

  async collect() {
    const dead = {
      snapshots: "snapshots WHERE id NOT IN (SELECT snapshot FROM agents WHERE snapshot IS NOT NULL)",
      pages: "pages WHERE number NOT IN (SELECT wanted.value FROM snapshots, json_each(snapshots.pages) AS wanted)",
    };
    return this.#attempt(() =>
      transact(this.#db, () => {
        // The sizes first: SQLite gives the rows that a deletion returns only as a list.
        const manifestBytes = this.#sumBytes("manifest", dead.snapshots);
        const snapshots = this.#run(`DELETE FROM ${dead.snapshots}`);
        const pageBytes = this.#sumBytes("data", dead.pages);
        return { snapshots, pages: this.#run(`DELETE FROM ${dead.pages}`), sizeBytes: manifestBytes + pageBytes };
      }),
    );
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

  /** Returns how many rows it changed. */
  #run(sql: string, ...values: (string | number | null)[]): number {
    return this.#attempt(() => Number(this.#prepare(sql).run(...values).changes));
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw describeFailure(cause, this.#file);
    }
  }
}
