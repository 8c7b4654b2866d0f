import type { Executor } from "../agent/executor.ts";
import { isPlaced, type PlacedAgent } from "../agent/placed.ts";
import { makeState } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";
import { admits } from "../store/placement.ts";
import { HostError, isHostError } from "../base/error.ts";
import type { AgentId, Digest, NodeId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import { decodeStep, encodeStep } from "../oplog/codec.ts";
import type { Environment } from "../oplog/entry.ts";
import type { AgentRow, InvocationRow, NodeRow, Store } from "../store/store.ts";
import { applyStep, foldState, readOpening, stateOf, type Live } from "./live.ts";
import { newRow } from "./unplaced.ts";
import type { Census } from "./census.ts";
import type { Writer } from "./writer.ts";

export interface AgentsOptions {
  store: Store;
  writer: Writer;
  executor: Executor;
  clock: Clock;
  node: NodeId;
  /** Where this node stands. */
  seat: Pick<NodeRow, "group" | "name">;
  /** The version that new agents note in their first entry. */
  version: string;
  /** Sessions open at once; the one used longest ago is closed first. */
  sessions: number;
  census: Census;
  /** Makes sure that the executor knows a component. */
  loadComponent: (digest: Digest) => Promise<void>;
  /** What new agents of a component are given on their way. */
  environmentOf: (digest: Digest) => Environment | undefined;
  /** Takes a turn once everything written so far is durable. */
  later: (work: () => Promise<void>) => void;
  /** Told when an agent can't be opened any more. */
  broken: (id: AgentId, error: unknown) => void;
  /** Told when an agent that waits comes to hand, and when it is forgotten. */
  loaded: (live: Live) => void;
  unloaded: (live: Live) => void;
}

export interface ForkOf {
  id: AgentId;
  /** The operation that made it; 0: somebody outside did. */
  operation: number;
  session: Live["session"];
  state: Live["state"];
  /** The newest one of the parent that is not newer than the fork. */
  snapshot: AgentRow["snapshot"];
}

/** The agents at hand: loads, creates, opens and closes them. */
export class Agents {
  readonly #options: AgentsOptions;
  readonly #live = new Map<AgentId, Live>();
  /** Agents with an open session, the one used longest ago first. */
  readonly #sessions = new Set<Live>();
  /** Agents with a target that have something to do: they take up the slots of this node. */
  readonly #atWork = new Set<Live>();
  #isUnloading = false;
  /** How many agents with a target are to be at work here at most; none before this node serves its group. */
  slots = 0;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  live(id: AgentId): Live | undefined {
    return this.#live.get(id);
  }

  /** False for an agent that was deleted, perhaps by itself, or dropped with what was not committed. */
  isCurrent(live: Live): boolean {
    return this.#live.get(live.row.id) === live;
  }

  all(): Iterable<Live> {
    return this.#live.values();
  }

  /** How many agents with a target have something to do. */
  get atWorkCount(): number {
    return this.#atWork.size;
  }

  /** Whether none with a target may be taken up. */
  get isFull(): boolean {
    return this.#atWork.size >= this.slots;
  }

  /**
   * The agent, if this node owns it or can claim it; null if there is none, another node owns it or is to run it, it has not
   * begun, or it has a target and this node is full.
   */
  async local(id: AgentId): Promise<Live | null> {
    const known = this.#live.get(id);
    if (known) return known;
    const { writer, node, seat } = this.#options;
    const row = await writer.findAgent(id);
    if (!row || !isPlaced(row)) return null;
    if (row.node === node) return this.#load(row);
    // Those of nodes that are dead are nobody's: a claim is not worth a try, and it takes a transaction.
    if (row.node !== null || !admits(row.target, seat) || (row.target && this.isFull)) return null;
    return this.#claim(row);
  }

  /** Whether this node is one of those that the agent's target admits. */
  mayRun({ row }: Live): boolean {
    return admits(row.target, this.#options.seat);
  }

  /** As `local`, but of whatever target: to copy it. */
  async borrowed(id: AgentId): Promise<Live | null> {
    const row = await this.#options.writer.findAgent(id);
    return row && isPlaced(row) && row.node === null ? this.#claim(row, { anyTarget: true }) : null;
  }

  async #claim(row: PlacedAgent, options: { anyTarget?: boolean } = {}): Promise<Live | null> {
    const { store, node } = this.#options;
    const claimed = await store.claim(node, [row.id], options);
    return claimed.length === 0 ? null : this.#load({ ...row, node });
  }

  /** Gives an agent back that this node may not run. */
  giveBack(live: Live): void {
    this.forget(live);
    this.#options.writer.agent(live.row.id, { ...live.row, node: null });
  }

  async #load(row: PlacedAgent): Promise<Live> {
    const { store } = this.#options;
    const state = await this.#readState(row);
    const live: Live = {
      row,
      state,
      queue: await store.queue(row.id),
      pending: [],
      waiting: new Map(),
      session: "closed",
    };
    for (const { operation, source, dueAt, attempt } of await store.operations(row.id))
      live.waiting.set(operation, { source, dueAt, attempt });
    this.#live.set(row.id, live);
    this.#options.loaded(live);
    return live;
  }

  /** What of an agent is damaged ends that agent, and nobody else. */
  async #readState(row: PlacedAgent): Promise<Live["state"]> {
    const { store, broken } = this.#options;
    try {
      const state = foldState(await readOpening(store, row));
      if (state.length === row.length) return state;
      throw new HostError(
        "store/corrupt",
        `The store has ${state.length} of ${row.length} entries of ${row.id}. Restore the file from a backup.`,
      );
    } catch (error) {
      if (!isDamage(error)) throw error;
      broken(row.id, error);
      return { ...makeState(row.id), length: row.length };
    }
  }

  /** Brings an agent to life here. Errors: HostError `agent/deleting` if it has been deleted a moment ago. */
  create(id: AgentId, component: Digest, createdBy: AgentId | null): Promise<Live> {
    const row = newRow(this.#options, id, createdBy);
    return this.#begin({ ...row, component, node: this.#options.node }, []);
  }

  /** Brings an agent to life that this node has taken up, as one of `component`. */
  place(row: AgentRow, component: Digest, queue: InvocationRow[]): Promise<Live> {
    return this.#begin({ ...row, component }, queue);
  }

  /** Takes up an agent that waits for a node, whatever its target, to end calls of it; null if it is just being brought to life. */
  async holdUnplaced(id: AgentId): Promise<AgentRow | null> {
    const { store, writer, node } = this.#options;
    const row = await writer.findAgent(id);
    // What is not in the store yet can't be taken.
    if (!row || isPlaced(row) || writer.isWriting(id)) return null;
    return (await store.claim(node, [id], { anyTarget: true })).length === 0 ? null : { ...row, node };
  }

  async #begin(row: PlacedAgent, queue: InvocationRow[]): Promise<Live> {
    const live: Live = { row, state: makeState(row.id), queue, pending: [], waiting: new Map(), session: "closed" };
    this.#live.set(row.id, live);
    this.#options.census.note(null, row);
    live.state.operations = await this.#options.writer.pastLength(row.id);
    const environment = this.#options.environmentOf(row.component);
    if (environment) live.state.environment = environment;
    this.#writeAlone(live, this.#created(live));
    return live;
  }

  /**
   * Registers a copy of `parent` as it was behind the last entry of `state`.
   *
   * Its memory is at hand in the executor, if its session is open, or comes back from the parent's journal.
   */
  createFork(parent: Live, { id, operation, session, state, snapshot }: ForkOf): Live {
    const { clock, node } = this.#options;
    const at = clock.now();
    const row: PlacedAgent = {
      ...parent.row,
      id,
      node,
      state: "created",
      createdBy: parent.row.id,
      parent: { agent: parent.row.id, index: state.length - 1, operation },
      snapshot,
      createdAt: at,
      updatedAt: at,
      error: null,
    };
    const live: Live = { row, state, queue: [], pending: [], waiting: new Map(), session };
    this.#live.set(id, live);
    this.#options.census.note(null, row);
    if (session === "open") this.#use(live);
    this.#writeAlone(live, encodeStep([{ kind: "forked", agent: id, parent: parent.row.id, operation }]));
    return live;
  }

  /** Journals an entry that is no step. */
  #writeAlone(live: Live, entries: string): void {
    const first = live.state.length;
    this.#options.writer.step({ agent: live.row.id, first, count: 1, entries });
    applyStep(live.state, decodeStep(entries, { agent: live.row.id, first }));
    this.save(live);
  }

  /** Writes the agent's row as it is now. */
  save(live: Live): void {
    const { state: before, component } = live.row;
    live.row.length = live.state.length;
    live.row.state = stateOf(live);
    this.#options.census.note({ component, state: before }, live.row);
    live.row.updatedAt = this.#options.clock.now();
    this.#options.writer.agent(live.row.id, live.row);
    if (live.row.state !== "running") this.#atWork.delete(live);
    else if (live.row.target) this.#atWork.add(live);
  }

  /** Gives the guest an input, unless it is on its way already. */
  async send(live: Live, input: Input): Promise<void> {
    if (!this.isCurrent(live) || live.row.error !== null || live.pending.some((other) => isSame(other, input))) return;
    live.pending.push(input);
    if (live.session === "open") {
      this.#use(live);
      this.#options.executor.send(live.row.id, [input]);
    } else {
      // Opening it sends what is pending.
      await this.open(live);
    }
  }

  /** Brings the agent's memory to the executor, and what is pending behind it; if need be, once the store has it all. */
  async open(live: Live): Promise<void> {
    if (!this.isCurrent(live) || live.session !== "closed" || live.row.error !== null) return;
    const { writer, later } = this.#options;
    if (isNew(live) || !writer.isWriting(live.row.id)) return this.#openNow(live);
    live.session = "opening";
    later(async () => {
      if (live.session === "opening" && this.isCurrent(live)) await this.#openNow(live);
    });
  }

  async #openNow(live: Live): Promise<void> {
    const { executor, store, loadComponent, broken } = this.#options;
    const { id, component } = live.row;
    try {
      await loadComponent(component);
      executor.open(
        isNew(live)
          ? { agent: id, component, snapshot: null, steps: [{ first: 0, entries: this.#created(live) }] }
          : await readOpening(store, live.row),
      );
    } catch (error) {
      if (!isDamage(error)) throw error;
      return broken(id, error);
    }
    this.#use(live);
    if (live.pending.length > 0) executor.send(id, live.pending);
  }

  #created({ row, state: { operations, environment } }: Live): string {
    const { id: agent, component } = row;
    const { version: host } = this.#options;
    return encodeStep([
      {
        kind: "created",
        agent,
        component,
        host,
        ...(operations > 0 && { operations }),
        ...(environment && { environment }),
      },
    ]);
  }

  #use(live: Live): void {
    live.session = "open";
    if (live.row.target) this.#atWork.add(live);
    this.#sessions.delete(live);
    this.#sessions.add(live);
  }

  /** The session is closed already, by a trap or with its thread. */
  closed(live: Live): void {
    live.session = "closed";
    this.#sessions.delete(live);
  }

  close(live: Live): void {
    if (live.session === "open") this.#options.executor.close(live.row.id);
    this.closed(live);
  }

  /** Closes sessions of agents that wait or rest, and forgets agents that the store knows as well, until few enough are left. */
  evict(): void {
    if (this.#sessions.size > this.#options.sessions) {
      for (const live of this.#sessions) {
        if (this.#sessions.size <= this.#options.sessions) break;
        if (isAtRest(live)) this.close(live);
      }
    }
    if (this.#live.size <= 4 * this.#options.sessions || this.#isUnloading) return;
    this.#isUnloading = true;
    this.#options.later(async () => this.#unloadSome());
  }

  async #unloadSome(): Promise<void> {
    this.#isUnloading = false;
    const unwritten = this.#options.writer.unwritten();
    for (const live of this.#live.values()) {
      if (this.#live.size <= 2 * this.#options.sessions) break;
      if (isAtRest(live) && live.session === "closed" && !unwritten.has(live.row.id)) this.#unload(live);
    }
  }

  /** Closes the session of a fork that comes to nothing. */
  discard(fork: AgentId): void {
    this.#options.executor.close(fork);
  }

  /** Takes a deleted agent out. */
  forget(live: Live): void {
    this.close(live);
    this.#unload(live);
  }

  #unload(live: Live): void {
    this.#live.delete(live.row.id);
    this.#atWork.delete(live);
    this.#options.unloaded(live);
  }

  /** Drops everything at hand: the store is the truth again. */
  reset(): void {
    for (const live of [...this.#live.values()]) this.forget(live);
    this.#options.executor.reset();
    this.#options.census.reset();
    this.#isUnloading = false;
  }
}

/** Whether what the store holds is no good, rather than the store. */
function isDamage(error: unknown): error is HostError {
  return isHostError(error) && /^(?:store\/corrupt$|snapshot\/|oplog\/|component\/)/.test(error.code);
}

/** Nothing has happened to it yet, so that nothing need be read. */
function isNew(live: Live): boolean {
  return live.state.length === 1 && live.row.parent === null;
}

function isAtRest(live: Live): boolean {
  return live.pending.length === 0 && stateOf(live) !== "running" && stateOf(live) !== "created";
}

function isSame(a: Input, b: Input): boolean {
  if (a.kind === "delivered") return b.kind === "delivered" && a.operation === b.operation;
  return b.kind !== "delivered" && a.kind === b.kind && a.invocation === b.invocation;
}
