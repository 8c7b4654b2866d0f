import { openCalls } from "../agent/state.ts";
import type { AgentId, NodeId } from "../base/id.ts";
import type { AgentRow, DeletionRequest, InvocationRow, Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Calls } from "./calls.ts";
import type { Census } from "./census.ts";
import { agentDeleted } from "./failure.ts";
import type { Invocations } from "./invocations.ts";
import { stateOf, type Live } from "./live.ts";
import type { Waits } from "./waits.ts";
import type { Writer } from "./writer.ts";

export interface DeletionsOptions {
  agents: Agents;
  calls: Calls;
  invocations: Invocations;
  waits: Waits;
  writer: Writer;
  store: Store;
  node: NodeId;
  /** Takes a turn once everything written so far is durable. */
  later: (work: () => Promise<void>) => void;
  census: Census;
}

/** What is to be deleted beside an agent. */
export interface DeleteOptions {
  /** All agents that its calls brought to life, its forks, and theirs. */
  tree: boolean;
}

/** Who came to life by whom. */
export type Family = Pick<Store, "agent" | "children">;

/** How many requests one turn carries out: others are not to wait for all of them. */
const batchSize = 64;

/** An agent that was taken out, and what is still to be said of it. */
interface Gone {
  id: AgentId;
  queue: InvocationRow[];
  live: Live | null;
}

/** Somebody outside who waits for a deletion. */
interface Watcher extends PromiseWithResolvers<void> {
  root: AgentId;
  options: DeleteOptions;
}

/**
 * The end of agents: an agent goes with all its rows, by itself or with its tree.
 *
 * Those that this node owns, or may claim, go at once and in one transaction. The owners of the others are asked to, and
 * pass it on: an agent's owner is the only one who knows whom it has just brought to life.
 */
export class Deletions {
  readonly #options: DeletionsOptions;
  readonly #watchers = new Set<Watcher>();
  #refusal: unknown = null;
  /** How many agents this node has deleted. */
  count = 0;

  constructor(options: DeletionsOptions) {
    this.#options = options;
  }

  /** Deletes what is there of an agent or of its tree, in a turn that began with `seal`. Returns how many agents that are. */
  async delete(root: AgentId, { tree }: DeleteOptions): Promise<number> {
    const rows = await this.#find(root, tree);
    await this.#remove(rows, [tree ? root : null]);
    return rows.length;
  }

  /** Deletes those of these agents that have ended and belong to nobody else. Returns how many. Such a turn, too. */
  async deleteEnded(ids: readonly AgentId[]): Promise<number> {
    const { agents, writer } = this.#options;
    const rows: AgentRow[] = [];
    for (const id of ids) {
      const live = agents.live(id);
      const row = await writer.findAgent(id);
      if (row && (live ? stateOf(live) : row.state) === "ended") rows.push(row);
    }
    return this.#remove(rows, []);
  }

  /** Whether an agent, or any of its tree, that others were asked to delete is still there. */
  async isPending(root: AgentId, { tree }: DeleteOptions): Promise<boolean> {
    const isAsked = ({ agent, tree: of }: DeletionRequest) => (tree ? of === root : of === null && agent === root);
    return (
      this.#options.writer.deletionRequests().some(isAsked) ||
      (await this.#options.store.isDeletionPending(root, { tree }))
    );
  }

  /** Resolves when nothing is left that others were asked to delete. Never to be awaited within a turn. */
  async gone(root: AgentId, options: DeleteOptions): Promise<void> {
    if (this.#refusal) throw this.#refusal;
    const watcher = { root, options, ...Promise.withResolvers<void>() };
    // The node may fail before anybody looks at it.
    watcher.promise.catch(() => {});
    this.#watchers.add(watcher);
    await this.#tell();
    return watcher.promise;
  }

  /** The node ends, and nobody will tell. */
  refuse(error: unknown): void {
    this.#refusal = error;
    for (const { reject } of this.#watchers) reject(error);
    this.#watchers.clear();
  }

  /** Carries out what others have asked for, and tells who waits for others; when a turn begins. */
  async look(): Promise<void> {
    await this.#tell();
    const { store, node, writer, later } = this.#options;
    const requests = await store.deletionRequests(node, batchSize);
    if (requests.length === 0) return;
    writer.seal();
    for (const [agent, asked] of Map.groupBy(requests, (request) => request.agent)) {
      const trees = asked.map(({ tree }) => tree).filter((tree) => tree !== null);
      // Gone already, and the store is about to hear of it.
      if (await writer.findAgent(agent)) await this.#remove(await this.#find(agent, trees.length > 0), trees);
    }
    later(() => (requests.length < batchSize ? this.#tell() : this.look()));
  }

  async #tell(): Promise<void> {
    for (const watcher of this.#watchers) {
      if (await this.isPending(watcher.root, watcher.options)) continue;
      this.#watchers.delete(watcher);
      watcher.resolve();
    }
  }

  async #find(root: AgentId, tree: boolean): Promise<AgentRow[]> {
    if (tree) return readTree(this.#family(), root);
    const row = await this.#options.writer.findAgent(root);
    return row ? [row] : [];
  }

  /** The store's word, and before it that of what is not there yet. */
  #family(): Family {
    const { store, writer } = this.#options;
    const unwritten = writer.unwrittenAgents();
    const rows = [...unwritten.values()].filter((row) => row !== null);
    const children = Map.groupBy(rows, ({ createdBy }) => createdBy);
    return {
      agent: (id) => writer.findAgent(id),
      children: async (id) => [
        ...(await store.children(id)).filter((row) => !unwritten.has(row.id)),
        ...(children.get(id) ?? []),
      ],
    };
  }

  /** Takes agents out, those of others by asking for it as parts of `trees`. Returns how many it took out. */
  async #remove(rows: readonly AgentRow[], trees: readonly (AgentId | null)[]): Promise<number> {
    const { calls, invocations, writer } = this.#options;
    const own = await this.#own(rows);
    const unwritten = writer.unwrittenInvocations();
    const gone: Gone[] = [];
    for (const row of rows) {
      if (own.has(row.id)) gone.push(await this.#takeOut(row, unwritten.get(row.id) ?? []));
      else for (const tree of trees) writer.request({ kind: "delete", agent: row.id, tree });
    }
    this.count += gone.length;
    // Not before all are out, for none of them is to be told of the others.
    for (const { id, queue, live } of gone) {
      await invocations.forget(queue, agentDeleted(id));
      if (live) await calls.cancelOpen(live, openCalls(live.state), null);
    }
    return gone.length;
  }

  /** Which of these agents belong to this node, or do so now. */
  async #own(rows: readonly AgentRow[]): Promise<Set<AgentId>> {
    const { node, store } = this.#options;
    const own = new Set(rows.filter((row) => row.node === node).map(({ id }) => id));
    const others = rows.filter(({ id }) => !own.has(id)).map(({ id }) => id);
    // To delete an agent is not to run it, so that it does not matter where it was to live.
    if (others.length > 0) for (const id of await store.claim(node, others, { anyTarget: true })) own.add(id);
    // One that waits for a node and was made a moment ago is not in the store: nobody else knows of it.
    for (const { id, node: owner } of rows) if (owner === null && !own.has(id) && !(await store.agent(id))) own.add(id);
    return own;
  }

  async #takeOut(row: AgentRow, unwritten: readonly InvocationRow[]): Promise<Gone> {
    const { agents, census, waits, writer, store } = this.#options;
    const { id } = row;
    // Only one that is amid an invocation may have calls to be given up; its state knows of them.
    const isRunning = row.state === "running" || row.state === "suspended";
    const live = agents.live(id) ?? (isRunning ? await agents.local(id) : null);
    census.note(live?.row ?? row, null);
    if (live) {
      waits.removeAll(live);
      writer.deleteAgent(id, live.state.length);
      agents.forget(live);
      return { id, live, queue: live.queue.splice(0) };
    }
    const queue = new Map([...(await store.queue(id)), ...unwritten].map((each) => [each.key, each]));
    writer.deleteAgent(id, row.length);
    return { id, live, queue: [...queue.values()].filter(({ state }) => state !== "done") };
  }
}

/**
 * An agent and all that its calls brought to life, its forks, and theirs, the nearest first.
 *
 * An agent is known by its id: whom it brought to life before it was deleted, and came to life again, is of its tree, too.
 */
export async function readTree(family: Family, root: AgentId): Promise<AgentRow[]> {
  const rows = new Map<AgentId, AgentRow>();
  const known = new Set([root]);
  const row = await family.agent(root);
  if (row) rows.set(root, row);
  for (const id of known) {
    for (const child of await family.children(id)) {
      known.add(child.id);
      if (child.id !== root) rows.set(child.id, child);
    }
  }
  return [...rows.values()];
}
