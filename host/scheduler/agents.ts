import type { Executor } from "../agent/executor.ts";
import { parseAgentName } from "../agent/agent-name.ts";
import { makeState } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";
import { HostError, isHostError } from "../base/error.ts";
import type { AgentId, Digest, NodeId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import { decodeStep, encodeStep } from "../oplog/codec.ts";
import type { Entry, EntryOf } from "../oplog/entry.ts";
import type { AgentRow, Store } from "../store/store.ts";
import { applyStep, foldState, readOpening, stateOf, type Live } from "./live.ts";
import type { Writer } from "./writer.ts";

export interface AgentsOptions {
  store: Store;
  writer: Writer;
  executor: Executor;
  clock: Clock;
  node: NodeId;
  /** The version that new agents note in their first entry. */
  version: string;
  /** Sessions open at once; the one used longest ago is closed first. */
  sessions: number;
  /** Makes sure that the executor knows a component. */
  loadComponent: (digest: Digest) => Promise<void>;
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

  #isUnloading = false;

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

  /** The agent, if this node owns it or can claim it; null if there is none, or another node owns it. */
  async local(id: AgentId): Promise<Live | null> {
    const known = this.#live.get(id);
    if (known) return known;
    const { store, writer, node } = this.#options;
    const row = await writer.findAgent(id);
    if (!row) return null;
    if (row.node !== node && (await store.claim(node, [id])).length === 0) return null;
    return this.#load({ ...row, node });
  }

  async #load(row: AgentRow): Promise<Live> {
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
    for (const { operation, source, dueAt } of await store.operations(row.id))
      live.waiting.set(operation, { source, dueAt });
    this.#live.set(row.id, live);
    this.#options.loaded(live);
    return live;
  }

  /** What of an agent is damaged ends that agent, and nobody else. */
  async #readState(row: AgentRow): Promise<Live["state"]> {
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

  /** Errors: HostError `agent/deleting` if it has been deleted a moment ago. */
  async create(id: AgentId, component: Digest): Promise<Live> {
    const { clock, node, writer } = this.#options;
    // One transaction can't delete an agent and create it again.
    if (writer.isDeleting(id))
      throw new HostError("agent/deleting", `${id} is just being deleted. Call it again when the deletion is through.`);
    const { type, params } = parseAgentName(id);
    const at = clock.now();
    const row: AgentRow = {
      id,
      component,
      type,
      params,
      state: "created",
      node,
      parent: null,
      snapshot: null,
      length: 0,
      createdAt: at,
      updatedAt: at,
      error: null,
    };
    const live: Live = { row, state: makeState(id), queue: [], pending: [], waiting: new Map(), session: "closed" };
    this.#live.set(id, live);
    live.state.operations = await writer.pastLength(id);
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
    const row: AgentRow = {
      ...parent.row,
      id,
      node,
      state: "created",
      parent: { agent: parent.row.id, index: state.length - 1, operation },
      snapshot,
      createdAt: at,
      updatedAt: at,
      error: null,
    };
    const live: Live = { row, state, queue: [], pending: [], waiting: new Map(), session };
    this.#live.set(id, live);
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
    live.row.length = live.state.length;
    live.row.state = stateOf(live);
    live.row.updatedAt = this.#options.clock.now();
    this.#options.writer.agent(live.row.id, live.row);
  }

  /** The call that an operation of an agent triggered: nobody waits for it, so that only the journal knows of it. */
  async findTriggered({ row }: Live, operation: number): Promise<EntryOf<"rpc-started"> | null> {
    const { store, writer } = this.#options;
    // What is written and not durable first: it may become so meanwhile.
    const unwritten = writer.stepsOf(row.id);
    for (const { entries } of [...(await store.steps(row.id, 0)), ...unwritten].toReversed()) {
      if (!entries.includes('"triggered"') && !entries.includes('"forked"')) continue;
      for (const entry of JSON.parse(entries) as Entry[]) {
        if (entry.kind === "rpc-started" && entry.operation === operation && entry.mode === "triggered") return entry;
        // What stands before was done by the agent that it was forked from.
        if (entry.kind === "forked") return null;
      }
    }
    return null;
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

  #created({ row, state: { operations } }: Live): string {
    const { id: agent, component } = row;
    return encodeStep([
      { kind: "created", agent, component, host: this.#options.version, ...(operations > 0 && { operations }) },
    ]);
  }

  #use(live: Live): void {
    live.session = "open";
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
    this.#options.unloaded(live);
  }

  /** Drops everything at hand: the store is the truth again. */
  reset(): void {
    for (const live of [...this.#live.values()]) this.forget(live);
    this.#options.executor.reset();
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
