import { formatAgentName, parseAgentName } from "../agent/agent-name.ts";
import { HostError, isHostError } from "../base/error.ts";
import {
  functionAgentId,
  invocationKey,
  promiseId,
  uuidV5,
  type AgentId,
  type Digest,
  type InvocationKey,
  type PromiseId,
} from "../base/id.ts";
import { parseDescription, type Description } from "../component/description.ts";
import { parseSettings, type ComponentSettings, type SaidSettings } from "../component/settings.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { AgentRow, InvocationRow, OperationRow, PromiseRow, StepRow } from "../store/store.ts";
import type { DeleteOptions } from "./deletion.ts";
import { agentDeleted } from "./failure.ts";
import { readPast, readSteps, stateOf } from "./live.ts";
import { checkPayload, readOptions, type CallRequest } from "./call-request.ts";
import type { Call } from "./calls.ts";
import { unknownComponent } from "./components.ts";
import { Node, type HostOptions } from "./node.ts";
import { batchSize, readEnded } from "./retention.ts";

/** A component that the store holds. */
export interface ComponentReport {
  digest: Digest;
  /** Where it came from, for people. */
  name: string;
  createdAt: number;
  description: Description;
  settings: ComponentSettings;
}

/** What names an invocation: its outcome can be asked for by it at any time. */
export interface InvocationRef {
  agent: AgentId;
  key: InvocationKey;
}

/** What is known of an agent at one moment. */
export interface Inspection {
  agent: AgentRow;
  queue: InvocationRow[];
  operations: OperationRow[];
  forks: AgentRow[];
}

/** Agents of one store, and all that can be asked of them. What is unfinished in the store goes on while it is open. */
export class Host implements AsyncDisposable {
  readonly #options: HostOptions;
  readonly #node: Node;

  private constructor(options: HostOptions) {
    this.#options = options;
    this.#node = new Node(options);
  }

  /** Joins the store as a node, and goes on with what is unfinished there. */
  static async open(options: HostOptions): Promise<Host> {
    const host = new Host(options);
    await host.#node.start();
    return host;
  }

  /**
   * Adds a component: its agents can be called from then on. Resolves when it is durable.
   *
   * What `settings` leaves out stays as the store has it. Errors: HostError `component/bad-setting`.
   */
  async addComponent(
    bytes: Uint8Array,
    name: string,
    settings: SaidSettings = {},
  ): Promise<{ digest: Digest; description: Description }> {
    // Not in a turn: compiling takes its time.
    await this.#node.components.prepare(bytes, settings);
    return this.#node.durably(() => this.#node.components.add(bytes, name, settings));
  }

  /**
   * Changes what the agents of a component may do, from their next step on. Resolves, once that is durable, to all of it.
   *
   * Errors: HostError `component/unknown`, `component/bad-setting`.
   */
  setComponent(digest: Digest, settings: SaidSettings): Promise<ComponentSettings> {
    return this.#node.durably(() => this.#node.components.set(digest, settings));
  }

  /** All components of the store, the newest first. */
  async components(): Promise<ComponentReport[]> {
    await this.#node.writer.durable();
    const rows = await this.#options.store.components();
    return rows.map(({ digest, name, createdAt, description, settings }) => ({
      digest,
      name,
      createdAt,
      description: parseDescription(description),
      settings: parseSettings(settings),
    }));
  }

  /**
   * Calls a method or a function. Resolves when the call is durable; `result` waits for its outcome.
   *
   * Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`, `rpc/unknown-method`, `agent/name`, `rpc/bad-option`,
   *         `rpc/bad-target`.
   */
  async call(request: CallRequest): Promise<InvocationRef> {
    return this.#enqueue(this.#readCall(request));
  }

  /**
   * Calls, and waits for the outcome: `call` and `result` in one, with one wait for the disk instead of two.
   *
   * Resolves when the outcome is durable, and the call with it. One that has not been answered when the process dies may
   * be lost, or be made all the same: made again with the same key, it is made once.
   * Errors: those of `call` and `result`.
   */
  async execute(request: CallRequest): Promise<Outcome> {
    const call = this.#readCall(request);
    // Another node may be in the way, now or before the outcome is durable, or there was one before: that takes its time.
    return (await this.#begin(call)) ?? this.result(await this.#enqueue(call));
  }

  #enqueue(call: Call): Promise<InvocationRef> {
    return this.#node.durably(async () => {
      const { agent, key } = await this.#node.calls.enqueue(call);
      return { agent, key };
    });
  }

  /** The outcome of a new call, once it is durable; null if it was lost before. */
  async #begin(call: Call): Promise<Outcome | null> {
    try {
      const begun = await this.#node.turn(async () => {
        const { agent, key, outcome } = await this.#node.calls.enqueue(call);
        return { outcome: outcome ? null : this.#node.results.wait(agent, key) };
      });
      return await begun.outcome;
    } catch (error) {
      if (isHostError(error, "store/conflict")) return null;
      throw error;
    }
  }

  /** A call from outside. What it is not given, it draws: its key, and with that the agent of a function. */
  #readCall(request: CallRequest): Call {
    const { dueAt, retry, target } = readOptions(request);
    const { callee, component = null, args } = request;
    const key = invocationKey(request.key ?? Buffer.from(this.#options.random.bytes(16)).toString("hex"));
    const [agent, method] =
      "function" in callee
        ? [functionAgentId(callee.function, key), callee.function]
        : [formatAgentName(parseAgentName(callee.agent)), callee.method];
    return { agent, component, target, key, method, args, caller: null, attached: false, dueAt, depth: 1, retry };
  }

  /**
   * The outcome of an invocation, once it is durable.
   *
   * Errors: HostError `invocation/unknown`; `host/closed` if the host is closed before.
   */
  async result({ agent, key }: InvocationRef): Promise<Outcome> {
    for (let wasThere = false; ; wasThere = true) {
      const known = await this.#node.durably(async () => {
        const row = await this.#node.writer.findInvocation(agent, key);
        if (row) return { outcome: row.outcome ?? this.#node.results.wait(agent, key) };
        if (wasThere) return { outcome: agentDeleted(agent) };
        throw unknownInvocation({ agent, key });
      });
      const outcome = await known.outcome;
      if (outcome) return outcome;
    }
  }

  /**
   * Gives an invocation up: one that is queued never begins, the guest of one that runs is told. Resolves, once that is
   * durable, to whether it had not ended yet.
   *
   * Errors: HostError `invocation/unknown`.
   */
  cancel({ agent, key }: InvocationRef): Promise<boolean> {
    return this.#node.durably(async () => {
      const { writer, invocations } = this.#node;
      if (!(await writer.findInvocation(agent, key))) throw unknownInvocation({ agent, key });
      return (await invocations.endUnplaced(agent, key)) || invocations.giveUp(agent, key);
    });
  }

  /** Rejects when the host can't go on: with `host/closed` when it is closed, else with what went wrong, such as a lost store. */
  get ended(): Promise<never> {
    return this.#node.ended;
  }

  /** How many agents can go on without the time passing or somebody outside acting. */
  get busyCount(): number {
    const { agents, fetches } = this.#node;
    const running = [...agents.all()].filter((live) => stateOf(live) === "running" || live.row.state === "created");
    return new Set([...running.map(({ row }) => row.id), ...fetches.agents()]).size;
  }

  /** Resolves when nothing can go on without the time passing or somebody outside acting, and all is durable. */
  async settled(): Promise<void> {
    for (;;) {
      const { isDurable } = await this.#node.turn(async () => ({
        isDurable: this.busyCount > 0 ? null : this.#isDurable(),
      }));
      if (!isDurable || !this.#node.turns.isIdle) await this.#node.turns.ended();
      else if (await isDurable) return;
    }
  }

  /** Whether what was done so far is durable; not if another node was in the way, and it will come again. */
  async #isDurable(): Promise<boolean> {
    try {
      await this.#node.writer.durable();
      return true;
    } catch (error) {
      if (isHostError(error, "store/conflict")) return false;
      throw error;
    }
  }

  /** A promise, once what is told of it is durable: one that has timed out has done so for everybody. */
  promise(id: string): Promise<PromiseRow | undefined> {
    return this.#node.durably(() => this.#node.promises.find(promiseId(id)));
  }

  /**
   * Settles a promise from outside. Resolves when that is durable, to whether it was this that settled it.
   *
   * Shape:  `payload` is JSON text: the value, or the failure of a rejected one.
   * Errors: HostError `promise/unknown`, `promise/bad-payload`.
   */
  async settlePromise(
    id: PromiseId,
    state: "resolved" | "rejected" | "canceled",
    payload: string | null,
  ): Promise<boolean> {
    if (payload !== null) checkPayload(payload);
    const settled = await this.#node.durably(() => this.#node.promises.settle(id, { state, payload, settledBy: null }));
    if (settled === undefined) throw new HostError("promise/unknown", `There is no promise ${JSON.stringify(id)}.`);
    return settled;
  }

  /** Errors: HostError `agent/unknown`. */
  async inspect(id: AgentId): Promise<Inspection> {
    await this.#node.writer.durable();
    const { store } = this.#options;
    const agent = await this.#node.mustExist(id);
    return {
      agent,
      queue: await store.queue(id),
      operations: await store.operations(id),
      forks: await store.forks(id),
    };
  }

  /** The bytes of a component that the store holds. Errors: HostError `component/unknown`. */
  async component(digest: Digest): Promise<Uint8Array> {
    await this.#node.writer.durable();
    const row = await this.#options.store.component(digest);
    if (!row) throw unknownComponent(digest);
    return row.bytes;
  }

  /** All entries of an agent from index `from` on, the inherited ones included, step by step. */
  async oplog(id: AgentId, from = 0): Promise<StepRow[]> {
    await this.#node.writer.durable();
    return readSteps(this.#options.store, await this.#node.mustExist(id), from);
  }

  /**
   * From now on, takes the calls of its group: to be called once the components are added that this node is for, since
   * an agent is of one of these for good. Without a group there is nothing to take.
   */
  serve(): Promise<void> {
    return this.#node.serve();
  }

  /**
   * Makes a copy of an agent as it was behind the step that holds the entry `at`; by default, as it is now.
   *
   * The copy goes on from there by itself: what was in flight has ended meanwhile or will end, and it finishes the
   * invocation that was running under the same key. Resolves, once that is durable, to the copy's id.
   * A copy of an agent with a target goes on where that may live.
   * Errors: HostError `agent/unknown`, `agent/waiting`, `agent/elsewhere`, `agent/no-entry`.
   */
  async forkAgent(id: AgentId, at?: number): Promise<AgentId> {
    await this.#node.writer.durable();
    return this.#node.durably(async () => {
      const parent = await this.#node.mustBeAtHand(id);
      const { store, random } = this.#options;
      const { snapshot, state } = await readPast(store, await this.#node.mustExist(id), at);
      const name = parseAgentName(id);
      const phantom = uuidV5(Buffer.from(random.bytes(16)).toString("hex"));
      await this.#node.components.census.check(parent.row.component);
      const live = this.#node.agents.createFork(parent, {
        id: formatAgentName({ ...name, phantom }),
        operation: 0,
        session: "closed",
        state,
        snapshot,
      });
      await this.#node.steps.inherit(live, parent);
      const { agents } = this.#node;
      if (!agents.mayRun(parent)) for (const each of [live, parent]) agents.giveBack(each);
      else if (stateOf(live) === "running") await agents.open(live);
      return live.row.id;
    });
  }

  /**
   * Deletes an agent with its journal and memory; with `tree`, all that came to life by it, too.
   *
   * Resolves, once none of them is left, to how many there were. Those of other nodes are deleted by these.
   */
  async deleteAgent(id: AgentId, { tree = false }: Partial<DeleteOptions> = {}): Promise<number> {
    const count = await this.#node.durably(() => {
      this.#node.writer.seal();
      return this.#node.deletions.delete(id, { tree });
    });
    await this.#node.deletions.gone(id, { tree });
    return count;
  }

  /**
   * Deletes all agents that have ended and for whose outcome nobody waits. Resolves, once none of them is left, to how
   * many there were.
   */
  async deleteEnded(): Promise<number> {
    const { store } = this.#options;
    await this.#node.writer.durable();
    const ids = [...(await readEnded(store))];
    let count = 0;
    for (let first = 0; first < ids.length; first += batchSize) {
      count += await this.#node.durably(() => {
        this.#node.writer.seal();
        return this.#node.deletions.deleteEnded(ids.slice(first, first + batchSize));
      });
    }
    // What is left belongs to nodes that are alive.
    const asked = new Set(ids);
    const left = [...(await readEnded(store))].filter((id) => asked.has(id));
    const counts = await Promise.all(left.map((id) => this.deleteAgent(id)));
    return counts.reduce((sum, each) => sum + each, count);
  }

  /** Begins nothing any more. Resolves when the steps under way are durable: what is left to do is to dispose of it. */
  drain(): Promise<void> {
    return this.#node.drain();
  }

  /** Leaves the store: what is unfinished goes on when the next node opens it. Who waits here gets `host/closed`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#node[Symbol.asyncDispose]();
  }
}

function unknownInvocation({ agent, key }: InvocationRef): HostError {
  return new HostError("invocation/unknown", `${agent} has no invocation with the key ${JSON.stringify(key)}.`);
}

export type { CallRequest } from "./call-request.ts";
export type { HostOptions, LogLine } from "./node.ts";
