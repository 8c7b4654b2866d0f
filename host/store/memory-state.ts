import type { AgentId, Digest, NodeId, PromiseId } from "../base/id.ts";
import { splitRowKey } from "./changes.ts";
import {
  checkEntries,
  checkExists,
  checkInvocation,
  checkLease,
  checkOwner,
  checkPromise,
  checkSnapshot,
} from "./conflict.ts";
import {
  deletionSource,
  invocationSource,
  promiseSource,
  type AgentRequest,
  type AgentRow,
  type Changes,
  type ComponentRow,
  type Fence,
  type InvocationRow,
  type NodeRow,
  type OperationRow,
  type PageRow,
  type PromiseRow,
  type SnapshotRow,
  type StepRow,
} from "./store.ts";

/** An agent with all that is deleted along with it. */
export interface MemoryAgent {
  row: AgentRow;
  /** As SQLite gives them: one more than the greatest that there is. */
  number: number;
  steps: StepRow[];
  invocations: Map<string, InvocationRow>;
  operations: Map<number, MemoryOperation>;
  /** The keys of unfinished invocations that were given up, and whose owner does not know of it. */
  givenUp: Set<string>;
  /** The roots of the trees with which it was asked to be deleted; null: it was asked to go alone. */
  deletions: Set<AgentId | null>;
}

interface MemoryOperation {
  row: OperationRow;
  /** The source has settled, or was deleted. */
  isSettled: boolean;
}

/** What stores in memory hold: several stores may be opened on one, as several nodes open one file. */
export class MemoryState {
  readonly components = new Map<Digest, ComponentRow>();
  readonly agents = new Map<AgentId, MemoryAgent>();
  readonly promises = new Map<PromiseId, PromiseRow>();
  readonly snapshots = new Map<string, SnapshotRow>();
  readonly pages = new Map<string, PageRow>();
  readonly nodes = new Map<NodeId, NodeRow>();
  /** How many entries agents had that were deleted: none of a fork, of which only the parent is known. */
  readonly pastLengths = new Map<AgentId, { length: number; parent: AgentId | null; deletedAt: number }>();
  readonly invocationsBySource = new Map<string, InvocationRow>();
  readonly operationsBySource = new Map<string, Set<MemoryOperation>>();
  /** How often anything was written. */
  writes = 0;
  #seq = 0;
  #lastNumber = 0;

  isAlive(node: NodeId, now: number): boolean {
    return (this.nodes.get(node)?.expiresAt ?? -Infinity) > now;
  }

  commit(changes: Changes, fence: Fence, now: number): void {
    this.#check(changes, fence, now);
    // From here on nothing fails.
    if (fence.node !== null && fence.expiresAt !== undefined) this.nodes.get(fence.node)!.expiresAt = fence.expiresAt;
    for (const row of changes.components) this.components.set(row.digest, structuredClone(row));
    for (const row of changes.pages) if (!this.pages.has(row.digest)) this.pages.set(row.digest, structuredClone(row));
    for (const row of changes.snapshots)
      if (!this.snapshots.has(row.id)) this.snapshots.set(row.id, structuredClone(row));
    for (const row of changes.agents.values()) if (row) this.#putAgent(structuredClone(row));
    for (const row of changes.steps) this.agents.get(row.agent)?.steps.push({ ...row });
    for (const [key, row] of changes.operations) if (!row) this.#deleteOperation(key);
    for (const [key, row] of changes.invocations) this.#putInvocation(key, row);
    for (const [id, row] of changes.promises) this.#putPromise(id, row);
    for (const row of changes.operations.values()) if (row) this.#putOperation({ ...row });
    for (const request of changes.requests) this.#request(request);
    this.#deleteAgents(changes, now);
  }

  #check(changes: Changes, fence: Fence, now: number): void {
    if (fence.node !== null) checkLease(fence.node, this.nodes.has(fence.node));
    for (const id of changes.agents.keys()) {
      const held = this.agents.get(id)?.row;
      if (held) checkOwner(id, held, fence, (node) => this.isAlive(node, now));
    }
    checkEntries(changes, fence, (id) => this.agents.get(id)?.row);
    const newPages = new Set(changes.pages.map(({ digest }) => digest));
    for (const { id, pages } of changes.snapshots) {
      checkSnapshot(
        id,
        pages.every((digest) => newPages.has(digest) || this.pages.has(digest)),
        "This commit adds",
      );
    }
    const newSnapshots = new Set(changes.snapshots.map(({ id }) => id));
    for (const [id, row] of changes.agents) {
      const snapshot = row?.snapshot?.id;
      if (snapshot !== undefined)
        checkSnapshot(snapshot, newSnapshots.has(snapshot) || this.snapshots.has(snapshot), `${id} names`);
    }
    for (const [joined, row] of changes.invocations) {
      const [id, key] = splitRowKey(joined);
      if (!row || !this.#willMatter(changes, id, () => `The invocation ${JSON.stringify(key)}`)) continue;
      checkInvocation(row, this.agents.get(id)?.invocations.get(key));
    }
    for (const [id, row] of changes.promises) if (row) checkPromise(row, this.promises.get(id));
    for (const row of changes.operations.values()) {
      if (row) this.#willMatter(changes, row.agent, () => `Operation ${row.operation}`);
    }
  }

  /** False for rows of an agent that never was and that the same commit deletes. */
  #willMatter(changes: Changes, id: AgentId, what: () => string): boolean {
    if (this.agents.has(id)) return true;
    const row = changes.agents.get(id);
    if (row !== null) checkExists(id, row !== undefined, what());
    return row !== null;
  }

  #putAgent(row: AgentRow): void {
    const held = this.agents.get(row.id);
    if (held) {
      const { type, params, target, createdBy, parent, createdAt } = held.row;
      const component = held.row.component ?? row.component;
      held.row = { ...row, component, type, params, target, createdBy, parent, createdAt };
    } else {
      this.agents.set(row.id, {
        row,
        number: (this.#lastNumber += 1),
        steps: [],
        invocations: new Map(),
        operations: new Map(),
        givenUp: new Set(),
        deletions: new Set(),
      });
    }
  }

  #putInvocation(joined: string, row: InvocationRow | null): void {
    const [id, key] = splitRowKey(joined);
    const agent = this.agents.get(id);
    const held = agent?.invocations.get(key);
    const source = `invocation ${id} ${key}`;
    if (row && agent) {
      row.seq = held?.seq ?? ++this.#seq;
      const copy = structuredClone(row);
      if (held) {
        const { method, args, caller, attached, depth, retry, createdAt, cancelRequested } = held;
        Object.assign(copy, { method, args, caller, attached, depth, retry, createdAt });
        copy.cancelRequested ||= cancelRequested;
      }
      if (row.cancelRequested || row.state === "done") agent.givenUp.delete(key);
      agent.invocations.set(key, copy);
      this.invocationsBySource.set(source, copy);
    } else if (held) {
      agent!.invocations.delete(key);
      agent!.givenUp.delete(key);
      this.invocationsBySource.delete(source);
    }
    if (row ? agent && row.state === "done" : held) this.#settle(source);
  }

  #putPromise(id: PromiseId, row: PromiseRow | null): void {
    const held = this.promises.get(id);
    if (!row) this.promises.delete(id);
    else if (!held || held.state === "pending") this.promises.set(id, structuredClone(row));
    if (row?.state !== "pending") this.#settle(promiseSource(id));
  }

  #putOperation(row: OperationRow): void {
    const agent = this.agents.get(row.agent);
    if (!agent) return;
    this.#forgetOperation(agent, row.operation);
    const operation = { row, isSettled: row.source !== null && this.#hasSettled(row.source) };
    agent.operations.set(row.operation, operation);
    if (row.source === null) return;
    const waiters = this.operationsBySource.get(row.source);
    if (waiters) waiters.add(operation);
    else this.operationsBySource.set(row.source, new Set([operation]));
  }

  #deleteOperation(joined: string): void {
    const [id, operation] = splitRowKey(joined);
    const agent = this.agents.get(id);
    if (agent) this.#forgetOperation(agent, Number(operation));
  }

  #forgetOperation(agent: MemoryAgent, number: number): void {
    const operation = agent.operations.get(number);
    agent.operations.delete(number);
    const source = operation?.row.source ?? null;
    if (source === null) return;
    const waiters = this.operationsBySource.get(source)!;
    waiters.delete(operation!);
    if (waiters.size === 0) this.operationsBySource.delete(source);
  }

  #hasSettled(source: string): boolean {
    const at = source.indexOf(" ");
    const name = source.slice(at + 1);
    switch (source.slice(0, at)) {
      case "promise":
        return (this.promises.get(name as PromiseId)?.state ?? "pending") !== "pending";
      case "deletion":
        return !this.agents.has(name as AgentId);
      default:
        return this.invocationsBySource.get(source)?.state === "done";
    }
  }

  #settle(source: string): void {
    for (const operation of this.operationsBySource.get(source) ?? []) operation.isSettled = true;
  }

  #request(request: AgentRequest): void {
    const agent = this.agents.get(request.agent);
    if (!agent) return;
    if (request.kind === "delete") {
      agent.deletions.add(request.tree);
      return;
    }
    const row = agent.invocations.get(request.key);
    if (!row || row.state === "done" || row.cancelRequested) return;
    row.cancelRequested = true;
    agent.givenUp.add(request.key);
  }

  #deleteAgents({ agents, invocations }: Changes, now: number): void {
    const isDeleted = (id: AgentId) => agents.get(id) === null;
    const steps = new Map<MemoryAgent, StepRow[]>();
    // First all forks that stay: their entries may lie with several agents that go.
    for (const fork of this.agents.values()) {
      const { id, parent } = fork.row;
      if (parent && isDeleted(parent.agent) && !isDeleted(id)) steps.set(fork, this.#lineageOf(fork));
    }
    for (const [fork, whole] of steps) fork.steps = whole;
    for (const [id, row] of agents) if (row === null) this.#deleteAgent(id, now);
    for (const joined of invocations.keys()) {
      const [id, key] = splitRowKey(joined);
      if (isDeleted(id)) this.#settle(`invocation ${id} ${key}`);
    }
  }

  /** All entries of an agent, the inherited ones as its own. */
  #lineageOf({ row, steps }: MemoryAgent): StepRow[] {
    if (row.parent === null || steps[0]?.first === 0) return steps;
    const { agent, index } = row.parent;
    const inherited = this.#lineageOf(this.agents.get(agent)!).filter(({ first }) => first <= index);
    return [...inherited.map((step) => ({ ...step, agent: row.id })), ...steps];
  }

  #deleteAgent(id: AgentId, now: number): void {
    this.#settle(deletionSource(id));
    const agent = this.agents.get(id);
    if (!agent) return;
    for (const operation of [...agent.operations.keys()]) this.#forgetOperation(agent, operation);
    for (const row of agent.invocations.values()) {
      const source = invocationSource(id, row.key);
      this.invocationsBySource.delete(source);
      this.#settle(source);
    }
    this.agents.delete(id);
    if (agent.number === this.#lastNumber)
      this.#lastNumber = [...this.agents.values()].reduce((most, { number }) => Math.max(most, number), 0);
    const last = agent.steps.at(-1);
    if (!last) return;
    const parent = agent.row.parent?.agent ?? null;
    const length = (this.pastLengths.get(id)?.length ?? 0) + (parent === null ? last.first + last.count : 0);
    this.pastLengths.set(id, { length, parent, deletedAt: now });
  }
}
