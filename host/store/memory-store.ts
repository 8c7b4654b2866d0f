import { HostError } from "../base/error.ts";
import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import { checkLease } from "./conflict.ts";
import { collect } from "./memory-collection.ts";
import { MemoryState } from "./memory-state.ts";
import { findDeletionRequests, findDue, findExpired, findNextDue, findSettled, findWork } from "./memory-work.ts";
import { mayClaim, mayTake, peersOf } from "./placement.ts";
import type {
  AgentState,
  Changes,
  ComponentRow,
  DeletionRequest,
  Fence,
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
    const rows = [...this.#state.components.values()].map(({ digest, name, description, settings, createdAt }) => ({
      digest,
      name,
      description,
      settings,
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

  async children(agent: AgentId) {
    const rows = [...this.#state.agents.values()].map(({ row }) => row);
    return structuredClone(rows.filter(({ createdBy }) => createdBy === agent));
  }

  async expired(node: NodeId, before: number, limit: number): Promise<AgentId[]> {
    return findExpired(this.#state, node, before, this.#now()).slice(0, limit);
  }

  async pastLength(id: AgentId) {
    return this.#state.pastLengths.get(id)?.length ?? 0;
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

  async nextDue(after: number): Promise<number | undefined> {
    return findNextDue(this.#state, after);
  }

  async due(node: NodeId, at: number) {
    return structuredClone(findDue(this.#state, node, at));
  }

  async settled(node: NodeId) {
    return structuredClone(findSettled(this.#state, node));
  }

  async ready(node: NodeId, at: number): Promise<AgentId[]> {
    const rows = findWork(this.#state, at).map(({ row }) => row);
    return rows.filter((row) => row.node === node || (row.node === null && row.target === null)).map(({ id }) => id);
  }

  async take(node: NodeId, limit: number, at: number): Promise<AgentId[]> {
    const row = this.#node(node);
    const peers = peersOf(row, [...this.#state.nodes.values()], this.#now());
    const taken = findWork(this.#state, at)
      .filter((agent) => mayTake({ ...agent.row, number: agent.number }, row, peers, at))
      .slice(0, limit);
    for (const agent of taken) agent.row.node = node;
    if (taken.length > 0) this.#noteWrite();
    return taken.map(({ row: { id } }) => id);
  }

  async countWaiting(group: string, at: number): Promise<number> {
    return findWork(this.#state, at).filter(({ row }) => row.node === null && row.target?.group === group).length;
  }

  async countAgents(component: Digest): Promise<number> {
    const rows = [...this.#state.agents.values()].map(({ row }) => row);
    return rows.filter((row) => row.component === component && row.state !== "ended").length;
  }

  async deletionRequests(node: NodeId, limit: number): Promise<DeletionRequest[]> {
    return findDeletionRequests(this.#state, node, this.#now()).slice(0, limit);
  }

  async isDeletionPending(root: AgentId, { tree }: { tree: boolean }): Promise<boolean> {
    if (!tree) return this.#state.agents.get(root)?.deletions.has(null) ?? false;
    return [...this.#state.agents.values()].some(({ deletions }) => deletions.has(root));
  }

  /** A node that holds a lease. */
  #node(id: NodeId): NodeRow {
    const row = this.#state.nodes.get(id);
    checkLease(id, row !== undefined);
    return row!;
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

  async offer(node: NodeId, { slots, full }: Pick<NodeRow, "slots" | "full">): Promise<boolean> {
    const row = this.#state.nodes.get(node);
    if (!row) return false;
    Object.assign(row, { slots, full });
    this.#noteWrite();
    return true;
  }

  async leave(node: NodeId): Promise<void> {
    if (!this.#state.nodes.delete(node)) return;
    for (const { row } of this.#state.agents.values()) if (row.node === node) row.node = null;
    this.#noteWrite();
  }

  async nodes(): Promise<NodeRow[]> {
    const rows = [...this.#state.nodes.values()].map((row) => ({ ...row }));
    return rows.toSorted((left, right) => left.startedAt - right.startedAt || (left.id < right.id ? -1 : 1));
  }

  async release(node: NodeId, dead: readonly NodeId[]): Promise<void> {
    const state = this.#state;
    this.#node(node);
    const gone = new Set(dead.filter((id) => id !== node && state.nodes.delete(id)));
    if (gone.size === 0) return;
    for (const { row } of state.agents.values()) if (row.node !== null && gone.has(row.node)) row.node = null;
    this.#noteWrite();
  }

  async claim(node: NodeId, agents: readonly AgentId[], { anyTarget }: { anyTarget?: boolean } = {}) {
    const state = this.#state;
    const row = this.#node(node);
    const now = this.#now();
    const claimed = agents.filter((id) => {
      const agent = state.agents.get(id)?.row;
      return agent && mayClaim(agent, row, { anyTarget, isAlive: (owner) => state.isAlive(owner, now) });
    });
    const free = claimed.map((id) => state.agents.get(id)!.row).filter((agent) => agent.node !== node);
    for (const agent of free) agent.node = node;
    if (free.length > 0) this.#noteWrite();
    return claimed;
  }

  async version(): Promise<number> {
    return this.#state.writes - this.#writes;
  }

  async collect(before: number | null) {
    const collected = collect(this.#state, before);
    this.#noteWrite();
    return collected;
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
