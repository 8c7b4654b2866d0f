import { HostError } from "../base/error.ts";
import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import { checkLease } from "./conflict.ts";
import { MemoryState } from "./memory-state.ts";
import type {
  AgentState,
  Changes,
  ComponentRow,
  Fence,
  InvocationRow,
  NodeRow,
  PromiseRow,
  SnapshotRow,
  Store,
} from "./store.ts";

export interface MemoryStoreOptions {
  /** Tells which leases have run out. */
  now: () => number;
  /** What another store in memory holds, so that several nodes share it. */
  state?: MemoryState;
}

/** Opens a store that ends with its process. Rows are copied on their way in and out. */
export async function openMemoryStore({ now, state = new MemoryState() }: MemoryStoreOptions): Promise<Store> {
  return new MemoryStore(state, now);
}

class MemoryStore implements Store {
  readonly url = "memory:";
  readonly #shared: MemoryState;
  readonly #now: () => number;
  #isOpen = true;
  /** How many of the state's writes came through here. */
  #writes = 0;

  constructor(state: MemoryState, now: () => number) {
    this.#shared = state;
    this.#now = now;
  }

  get #state(): MemoryState {
    if (this.#isOpen) return this.#shared;
    throw new HostError("store/failed", "The store memory: is closed. Open it again.");
  }

  #noteWrite(): void {
    this.#shared.writes += 1;
    this.#writes += 1;
  }

  async commit(changes: Changes, fence: Fence): Promise<void> {
    this.#state.commit(changes, fence, this.#now());
    this.#noteWrite();
  }

  async component(digest: Digest) {
    return structuredClone(this.#state.components.get(digest));
  }

  async components(): Promise<Omit<ComponentRow, "bytes">[]> {
    const rows = [...this.#state.components.values()].map(({ digest, name, description, createdAt }) => ({
      digest,
      name,
      description,
      createdAt,
    }));
    return rows.toReversed().toSorted((left, right) => right.createdAt - left.createdAt);
  }

  async agent(id: AgentId) {
    return structuredClone(this.#state.agents.get(id)?.row);
  }

  async agents({ state, component, limit }: { state?: AgentState; component?: Digest; limit?: number } = {}) {
    const rows = [...this.#state.agents.values()].map(({ row }) => row);
    const found = rows.filter(
      (row) => row.state === (state ?? row.state) && row.component === (component ?? row.component),
    );
    return structuredClone(found.slice(0, limit));
  }

  async forks(parent: AgentId) {
    const rows = [...this.#state.agents.values()].map(({ row }) => row);
    return structuredClone(rows.filter((row) => row.parent?.agent === parent));
  }

  async pastLength(id: AgentId) {
    return this.#state.pastLengths.get(id) ?? 0;
  }

  async steps(agent: AgentId, from: number) {
    const steps = this.#state.agents.get(agent)?.steps ?? [];
    return structuredClone(steps.filter(({ first, count }) => first + count > from));
  }

  async invocation(agent: AgentId, key: InvocationKey) {
    return structuredClone(this.#state.agents.get(agent)?.invocations.get(key));
  }

  async queue(agent: AgentId) {
    const open = (await this.invocations(agent)).filter(({ state }) => state !== "done");
    return open.toSorted(
      (left, right) => Number(right.state === "running") - Number(left.state === "running") || left.seq - right.seq,
    );
  }

  async invocations(agent: AgentId) {
    const rows = [...(this.#state.agents.get(agent)?.invocations.values() ?? [])];
    return structuredClone(rows.toSorted((left, right) => left.seq - right.seq));
  }

  async promise(id: PromiseId) {
    return structuredClone(this.#state.promises.get(id));
  }

  async promises({ state, limit }: { state?: PromiseRow["state"]; limit?: number } = {}) {
    const found = [...this.#state.promises.values()].filter((row) => row.state === (state ?? row.state));
    return structuredClone(found.slice(0, limit));
  }

  async operations(agent: AgentId) {
    const operations = [...(this.#state.agents.get(agent)?.operations.values() ?? [])];
    return operations.map(({ row }) => ({ ...row })).toSorted((left, right) => left.operation - right.operation);
  }

  async waiters(source: string) {
    return [...(this.#state.operationsBySource.get(source) ?? [])].map(({ row }) => ({ ...row }));
  }

  async nextDue(): Promise<number | undefined> {
    const { operations, promises, invocations } = await this.due(Infinity);
    const moments = [operations[0]?.dueAt, promises[0]?.expiresAt, invocations[0]?.dueAt].filter(
      (at) => typeof at === "number",
    );
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  async due(at: number) {
    const agents = [...this.#state.agents.values()];
    const operations = agents.flatMap((agent) => [...agent.operations.values()].map(({ row }) => row));
    const promises = [...this.#state.promises.values()].filter(({ state }) => state === "pending");
    const invocations = agents
      .flatMap((agent) => [...agent.invocations.values()])
      .filter(({ state }) => state === "queued");
    return structuredClone({
      operations: takeDue(operations, at, ({ dueAt }) => dueAt),
      promises: takeDue(promises, at, ({ expiresAt }) => expiresAt),
      invocations: takeDue(invocations, at, ({ dueAt }) => dueAt),
    });
  }

  async ready(node: NodeId, at: number): Promise<AgentId[]> {
    const mayBegin = (rows: InvocationRow[]) =>
      rows.some(({ state, dueAt }) => state === "queued" && (dueAt === null || dueAt <= at)) &&
      rows.every(({ state }) => state !== "running");
    const ready = [...this.#state.agents.values()].filter(
      ({ row, invocations, operations }) =>
        (row.node === null || row.node === node) &&
        (row.state === "created" ||
          row.state === "running" ||
          mayBegin([...invocations.values()]) ||
          [...operations.values()].some(({ isSettled }) => isSettled)),
    );
    return ready.map(({ row }) => row.id);
  }

  async snapshot(id: string): Promise<SnapshotRow | undefined> {
    return structuredClone(this.#state.snapshots.get(id));
  }

  async pages(digests: readonly string[]) {
    const { pages } = this.#state;
    return structuredClone(
      [...new Set(digests)].map((digest) => pages.get(digest)).filter((page) => page !== undefined),
    );
  }

  async join(node: NodeRow): Promise<void> {
    this.#state.nodes.set(node.id, { ...node });
    this.#noteWrite();
  }

  async leave(node: NodeId): Promise<void> {
    this.#state.nodes.delete(node);
    for (const { row } of this.#state.agents.values()) if (row.node === node) row.node = null;
    this.#noteWrite();
  }

  async nodes(): Promise<NodeRow[]> {
    const rows = [...this.#state.nodes.values()].map((row) => ({ ...row }));
    return rows.toSorted((left, right) => left.startedAt - right.startedAt || (left.id < right.id ? -1 : 1));
  }

  async claim(node: NodeId, agents: readonly AgentId[], dead: readonly NodeId[] = []): Promise<AgentId[]> {
    const state = this.#state;
    checkLease(node, state.nodes.has(node));
    const gone = new Set(dead.filter((id) => id !== node));
    for (const id of gone) state.nodes.delete(id);
    for (const { row } of state.agents.values()) if (row.node !== null && gone.has(row.node)) row.node = node;
    const now = this.#now();
    const claimed = agents.filter((id) => {
      const row = state.agents.get(id)?.row;
      if (!row || (row.node !== null && row.node !== node && state.isAlive(row.node, now))) return false;
      row.node = node;
      return true;
    });
    this.#noteWrite();
    return claimed;
  }

  async version(): Promise<number> {
    return this.#state.writes - this.#writes;
  }

  async collect() {
    const { agents, snapshots, pages } = this.#state;
    const named = new Set([...agents.values()].map(({ row }) => row.snapshot?.id));
    const freed = { snapshots: 0, pages: 0, sizeBytes: 0 };
    for (const { id, manifest } of [...snapshots.values()]) {
      if (named.has(id)) continue;
      snapshots.delete(id);
      freed.snapshots += 1;
      freed.sizeBytes += manifest.length;
    }
    const needed = new Set([...snapshots.values()].flatMap((snapshot) => snapshot.pages));
    for (const { digest, data } of [...pages.values()]) {
      if (needed.has(digest)) continue;
      pages.delete(digest);
      freed.pages += 1;
      freed.sizeBytes += data.length;
    }
    this.#noteWrite();
    return freed;
  }

  async sizes() {
    const { agents, snapshots, pages, components } = this.#state;
    const sum = <Row>(rows: Iterable<Row>, sizeOf: (row: Row) => number) =>
      [...rows].reduce((total, row) => total + sizeOf(row), 0);
    const oplogBytes = sum(agents.values(), ({ steps }) => sum(steps, ({ entries }) => Buffer.byteLength(entries)));
    const snapshotBytes =
      sum(snapshots.values(), ({ manifest }) => manifest.length) + sum(pages.values(), ({ data }) => data.length);
    const componentBytes = sum(components.values(), ({ bytes }) => bytes.length);
    return { oplogBytes, snapshotBytes, componentBytes, totalBytes: oplogBytes + snapshotBytes + componentBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
  }
}

/** The rows that are due by a moment, the earliest first. */
function takeDue<Row>(rows: Row[], at: number, dueAtOf: (row: Row) => number | null): Row[] {
  const due = rows.filter((row) => (dueAtOf(row) ?? Infinity) <= at && dueAtOf(row) !== null);
  return due.toSorted((left, right) => dueAtOf(left)! - dueAtOf(right)!);
}
