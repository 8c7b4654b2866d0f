import { HostError, isHostError } from "../base/error.ts";
import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import { emptyChanges, invocationRowKey, isEmpty, operationRowKey, splitRowKey } from "../store/changes.ts";
import type {
  AgentRequest,
  AgentRow,
  Changes,
  ComponentRow,
  DeletionRequest,
  InvocationRow,
  OperationRow,
  PromiseRow,
  StepRow,
  Store,
} from "../store/store.ts";
import type { Stepped } from "../agent/executor.ts";

export interface WriterOptions {
  store: Store;
  clock: Clock;
  node: NodeId;
  leaseMs: number;
  /** Calls back between two turns, when what was written is whole. */
  atBoundary: <T>(work: () => T) => Promise<T>;
  /** Told once, when a commit has failed: what was not committed is gone. */
  failed: (error: unknown) => void;
}

/** How long changes may wait for others to share their commit, in milliseconds, while nobody waits for them. */
const lingerMs = 8;
/** How many changes are committed at once, whether anybody waits or not. */
const batchLimit = 4096;

/**
 * Gathers what many agents change, and commits it in one transaction: one flush to disk carries many steps.
 *
 * What was written is seen by its own readers at once, and by anybody outside this node only when it is durable.
 */
export class Writer {
  readonly #options: WriterOptions;
  #open = emptyChanges();
  /** The agents that what is open deletes, and how many entries they had. */
  #deleted = new Map<AgentId, number>();
  /** Whole transactions that are to be committed before what is open, the oldest first. */
  #sealed: Sealed[] = [];
  /** The same, of those that are just being committed. */
  #committing: readonly Sealed[] = [];
  #count = 0;
  #tail: Promise<void> = Promise.resolve();
  #timer: Disposable | null = null;
  #urgent = false;
  #durable: PromiseWithResolvers<void> | null = null;
  #failure: unknown = null;
  /** How often what was not on disk was lost, and why the last time. */
  #losses = 0;
  #loss: unknown = null;
  /** Rows of operations that the store does not hold yet: deleting such a one leaves no trace. */
  readonly #fresh = new Set<string>();
  /** What this turn has asked the store for in vain. */
  readonly #absent = new Set<string>();
  /** How many snapshots were written. */
  snapshots = 0;
  /** How many transactions were committed. */
  commits = 0;
  /** The same, with those that are just being committed. */
  #taken = 0;
  /** Agents with steps that are to be committed next. */
  readonly #stepping = new Set<AgentId>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  component(row: ComponentRow): void {
    this.#open.components.push(row);
    this.#touch();
  }

  agent(id: AgentId, row: AgentRow): void {
    this.#open.agents.set(id, row);
    this.#touch();
  }

  /**
   * Deletes an agent, with all that was to be written of it but its steps: forks may inherit those.
   *
   * Only in a turn that began with `seal`, since the store must know the entries that they inherit before.
   */
  deleteAgent(id: AgentId, length: number): void {
    const { agents, invocations, operations } = this.#open;
    agents.set(id, null);
    for (const [key, row] of invocations) if (row?.agent === id) invocations.delete(key);
    for (const [key, row] of operations) if (row?.agent === id) operations.delete(key);
    this.#deleted.set(id, length);
    this.#touch();
  }

  /** To be called when a turn begins: one transaction can't delete an agent and create it again. */
  beginTurn(): void {
    this.#absent.clear();
    if (this.#deleted.size > 0) this.seal();
  }

  /** What was written so far gets a transaction of its own, before what comes. */
  seal(): void {
    if (!isEmpty(this.#open)) this.#sealed.push(sealChanges(this.#open, this.#deleted));
    this.#open = emptyChanges();
    this.#deleted = new Map();
    this.#fresh.clear();
  }

  /** Whether something of an agent's oplog or row is not in the store yet. */
  isWriting(id: AgentId): boolean {
    return this.#stepping.has(id) || this.#layers().some(({ agents }) => agents.has(id));
  }

  /** Whether the transaction that is open deletes an agent. */
  isDeleting(id: AgentId): boolean {
    return this.#open.agents.get(id) === null;
  }

  /** How many entries agents of this id had that were deleted, on disk or not yet. */
  async pastLength(id: AgentId): Promise<number> {
    // Not on disk first: it may come there meanwhile, and too much does no harm.
    const unwritten = [...this.#committing, ...this.#sealed].reduce(
      (sum, { deleted }) => sum + (deleted.get(id) ?? 0),
      0,
    );
    return unwritten + (await this.#options.store.pastLength(id));
  }

  /** The agent's row is to be written, too, before the turn is over. */
  step(row: StepRow): void {
    this.#open.steps.push(row);
    this.#stepping.add(row.agent);
    this.#touch();
  }

  invocation(row: InvocationRow): void {
    this.#open.invocations.set(invocationRowKey(row.agent, row.key), row);
    this.#touch();
  }

  promise(row: PromiseRow): void {
    this.#open.promises.set(row.id, row);
    this.#touch();
  }

  operation(row: OperationRow): void {
    const key = operationRowKey(row.agent, row.operation);
    this.#open.operations.set(key, row);
    this.#fresh.add(key);
    this.#touch();
  }

  /** One that has a row already has changed. */
  operationChanged(row: OperationRow): void {
    this.#open.operations.set(operationRowKey(row.agent, row.operation), row);
    this.#touch();
  }

  removeOperation(agent: AgentId, operation: number): void {
    const key = operationRowKey(agent, operation);
    if (this.#fresh.delete(key)) this.#open.operations.delete(key);
    else this.#open.operations.set(key, null);
    this.#touch();
  }

  /** Asks something of an agent that another node owns, or nobody. */
  request(request: AgentRequest): void {
    this.#open.requests.push(request);
    this.#touch();
  }

  /** The requests to delete an agent that the store does not know yet. */
  deletionRequests(): DeletionRequest[] {
    return this.#layers().flatMap(({ requests }) => requests.filter((request) => request.kind === "delete"));
  }

  snapshot(snapshot: NonNullable<Stepped["snapshot"]>): void {
    this.snapshots += 1;
    this.#open.pages.push(...snapshot.pages);
    this.#open.snapshots.push(snapshot.row);
    this.#touch();
  }

  /** Steps of an agent that the store does not hold yet, in order. */
  stepsOf(id: AgentId): StepRow[] {
    return this.#layers()
      .toReversed()
      .flatMap(({ steps }) => steps.filter(({ agent }) => agent === id));
  }

  /** Rows of agents as the store does not hold them yet; null: deleted. */
  unwrittenAgents(): Map<AgentId, AgentRow | null> {
    return new Map(
      this.#layers()
        .toReversed()
        .flatMap(({ agents }) => [...agents]),
    );
  }

  /** Invocations as the store does not hold them yet, by agent, older states of one first. */
  unwrittenInvocations(): Map<AgentId, InvocationRow[]> {
    const layers = this.#layers().toReversed();
    const rows = layers.flatMap(({ invocations }) => [...invocations.values()].filter((row) => row !== null));
    return Map.groupBy(rows, ({ agent }) => agent);
  }

  /** The components that are to be committed next. */
  unwrittenComponents(): Set<Digest> {
    return new Set(this.#layers().flatMap(({ components }) => components.map(({ digest }) => digest)));
  }

  async findComponent(digest: Digest): Promise<ComponentRow | undefined> {
    for (const { components } of this.#layers()) {
      const row = components.findLast((each) => each.digest === digest);
      if (row) return row;
    }
    return this.#options.store.component(digest);
  }

  async findAgent(id: AgentId): Promise<AgentRow | undefined> {
    for (const changes of this.#layers()) {
      const row = changes.agents.get(id);
      if (row !== undefined) return row ?? undefined;
    }
    return this.#ask(id, () => this.#options.store.agent(id));
  }

  async findInvocation(agent: AgentId, key: InvocationKey): Promise<InvocationRow | undefined> {
    const rowKey = invocationRowKey(agent, key);
    for (const changes of this.#layers()) {
      const row = changes.invocations.get(rowKey);
      if (row) return row;
      if (changes.agents.get(agent) === null) return undefined;
    }
    return this.#ask(rowKey, () => this.#options.store.invocation(agent, key));
  }

  /** Asks the store for a row, and once a turn for one that it does not have: whoever makes a call asks several times. */
  async #ask<Row>(key: string, ask: () => Promise<Row | undefined>): Promise<Row | undefined> {
    if (this.#absent.has(key)) return undefined;
    const row = await ask();
    if (row === undefined) this.#absent.add(key);
    return row;
  }

  async findPromise(id: PromiseId): Promise<PromiseRow | undefined> {
    for (const changes of this.#layers()) {
      const row = changes.promises.get(id);
      if (row) return row;
    }
    return this.#options.store.promise(id);
  }

  /**
   * Resolves when all that was written so far is on disk, and rejects if that failed. To be called in the turn that wrote,
   * since what is lost is forgotten in another turn; never to be awaited there.
   */
  durable(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#sealed.length === 0 && isEmpty(this.#open)) {
      const losses = this.#losses;
      return this.#tail.then(() => {
        if (this.#losses > losses) throw this.#loss;
      });
    }
    this.#durable ??= Promise.withResolvers();
    if (!this.#urgent) {
      this.#urgent = true;
      // What other events of this turn of the loop write goes along.
      setImmediate(() => void this.#commit());
    }
    return this.#durable.promise;
  }

  /** How many transactions will have been committed when all that was written so far is. */
  get written(): number {
    return this.#taken + this.#sealed.length + (isEmpty(this.#open) ? 0 : 1);
  }

  /** The agents of which the store does not know all. */
  unwritten(): Set<AgentId> {
    const rows = this.#layers().flatMap(({ invocations, operations }) => [...invocations.keys(), ...operations.keys()]);
    return new Set([
      ...this.#layers().flatMap(({ agents }) => [...agents.keys()]),
      ...rows.map((key) => splitRowKey(key)[0]),
    ]);
  }

  /** Renews the lease, although there may be nothing to write. */
  async beat(): Promise<void> {
    await this.#commit({ evenEmpty: true });
  }

  /** Forgets what is not committed, after a failure that a new start mends. */
  reset(): void {
    this.#failure = null;
    this.#take();
    this.#committing = [];
    this.#taken = this.commits;
  }

  /** Commits nothing more until `reset`: what is not on disk is lost, and who waits for it is told why. */
  fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#losses += 1;
    this.#loss = error;
    refuse(this.#durable, error);
    this.#options.failed(error);
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  #layers(): Changes[] {
    const closed = [...this.#committing, ...this.#sealed].map(({ changes }) => changes);
    return [this.#open, ...closed.toReversed()];
  }

  #touch(): void {
    this.#check();
    this.#count += 1;
    if (this.#count >= batchLimit) {
      if (this.#count === batchLimit) setImmediate(() => void this.#commit());
      return;
    }
    const { clock } = this.#options;
    this.#timer ??= clock.wakeAt(clock.now() + lingerMs, () => void this.#commit());
  }

  #commit(options: { evenEmpty?: boolean } = {}): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    return (this.#tail = this.#tail.then(() => this.#commitNow(options)));
  }

  async #commitNow({ evenEmpty = false }): Promise<void> {
    const { store, clock, node, leaseMs, atBoundary } = this.#options;
    const durable = await atBoundary(() => (this.#failure ? null : this.#take()));
    if (this.#failure) return;
    if (evenEmpty && this.#committing.length === 0) this.#committing = [sealChanges(emptyChanges(), new Map())];
    this.#taken += this.#committing.length;
    try {
      for (const { changes, invocations } of this.#committing) {
        await store.commit(changes, { node, expiresAt: clock.now() + leaseMs });
        this.commits += 1;
        for (const [key, row] of invocations) if (row) row.seq = changes.invocations.get(key)!.seq;
      }
      durable?.resolve();
    } catch (cause) {
      const error = isHostError(cause)
        ? cause
        : new HostError("store/failed", `The store could not be written: ${String(cause)}`, { cause });
      refuse(durable, error);
      this.fail(error);
    } finally {
      this.#committing = [];
    }
  }

  /** Closes what is open, for it to be committed. Returns who waits for that. */
  #take(): PromiseWithResolvers<void> | null {
    const durable = this.#durable;
    this.seal();
    this.#committing = this.#sealed;
    this.#sealed = [];
    this.#durable = null;
    this.#urgent = false;
    this.#count = 0;
    this.#stepping.clear();
    return durable;
  }
}

/** One transaction. Its rows are copies, for agents and queues go on with theirs. */
interface Sealed {
  changes: Changes;
  /** The rows that the invocations were copied from: they are to get the numbers that the store gives. */
  invocations: Changes["invocations"];
  deleted: ReadonlyMap<AgentId, number>;
}

function sealChanges(open: Changes, deleted: Sealed["deleted"]): Sealed {
  const { invocations } = open;
  const agents = new Map([...open.agents].map(([id, row]) => [id, row && { ...row }]));
  const copies = new Map([...invocations].map(([key, row]) => [key, row && { ...row }]));
  return { changes: { ...open, agents, invocations: copies }, invocations, deleted };
}

/** Rejects a promise that perhaps nobody waits for. */
function refuse(waiter: PromiseWithResolvers<void> | null, error: unknown): void {
  waiter?.promise.catch(() => {});
  waiter?.reject(error);
}
