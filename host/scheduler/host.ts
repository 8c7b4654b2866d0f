import { formatAgentName, parseAgentName } from "../agent/agent-name.ts";
import { HostError, isHostError } from "../base/error.ts";
import {
  functionAgentId,
  invocationKey,
  promiseId,
  shortDigest,
  uuidV5,
  type AgentId,
  type Digest,
  type InvocationKey,
  type PromiseId,
} from "../base/id.ts";
import type { Description } from "../component/description.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { AgentRow, InvocationRow, OperationRow, PromiseRow, StepRow } from "../store/store.ts";
import { foldState, readSteps, stateOf } from "./live.ts";
import { Node, type HostOptions } from "./node.ts";

export interface CallRequest {
  /** The agent's method that is called, or the function. */
  callee: { agent: string; method: string } | { function: string };
  /** JSON array text. */
  args: string;
  /** The same key gives the same invocation; without one, every call is a new one. */
  key?: string;
  /** Where to look first for the type of an agent that does not exist. */
  component?: Digest;
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

  /** Adds a component: its agents can be called from then on. Resolves when it is durable. */
  async addComponent(bytes: Uint8Array, name: string): Promise<{ digest: Digest; description: Description }> {
    // Not in a turn: compiling takes its time.
    await this.#node.components.prepare(bytes);
    return this.#node.durably(() => this.#node.components.add(bytes, name));
  }

  /**
   * Calls a method or a function. Resolves when the call is durable; `result` waits for its outcome.
   *
   * Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`, `rpc/unknown-method`, `agent/name`.
   */
  async call(request: CallRequest): Promise<InvocationRef> {
    const key = invocationKey(request.key ?? Buffer.from(this.#options.random.bytes(16)).toString("hex"));
    return this.#node.durably(async () => {
      const { callee } = request;
      const agent =
        "function" in callee ? functionAgentId(callee.function, key) : formatAgentName(parseAgentName(callee.agent));
      const method = "function" in callee ? callee.function : callee.method;
      const component = request.component ?? null;
      await this.#node.calls.enqueue({
        agent,
        component,
        key,
        method,
        args: request.args,
        caller: null,
        attached: false,
        dueAt: null,
      });
      return { agent, key };
    });
  }

  /**
   * The outcome of an invocation, once it is durable.
   *
   * Errors: HostError `invocation/unknown`; `host/closed` if the host is closed before.
   */
  async result({ agent, key }: InvocationRef): Promise<Outcome> {
    for (;;) {
      const known = await this.#node.durably(async () => {
        const row = await this.#node.writer.findInvocation(agent, key);
        if (row) return { outcome: row.outcome ?? this.#node.results.wait(agent, key) };
        throw new HostError("invocation/unknown", `${agent} has no invocation with the key ${JSON.stringify(key)}.`);
      });
      const outcome = await known.outcome;
      try {
        await this.#node.writer.durable();
        return outcome;
      } catch (error) {
        // It was undone before it was durable, and will come again.
        if (!isHostError(error, "store/conflict")) throw error;
      }
    }
  }

  /** How many agents can go on without the time passing or somebody outside acting. */
  get busyCount(): number {
    return [...this.#node.agents.all()].filter((live) => stateOf(live) === "running" || live.row.state === "created")
      .length;
  }

  /** Resolves when nothing can go on without the time passing or somebody outside acting, and all is durable. */
  async settled(): Promise<void> {
    for (;;) {
      const busyCount = await this.#node.turn(async () => this.busyCount);
      if (busyCount === 0 && this.#node.turns.isIdle) break;
      await this.#node.turns.ended();
    }
    await this.#node.writer.durable();
  }

  promise(id: string): Promise<PromiseRow | undefined> {
    return this.#node.turn(() => this.#node.promises.find(promiseId(id)));
  }

  /**
   * Settles a promise from outside. Resolves when that is durable, to whether it was this that settled it.
   *
   * Shape:  `payload` is JSON text: the value, or the failure of a rejected one.
   * Errors: HostError `promise/unknown`.
   */
  async settlePromise(
    id: PromiseId,
    state: "resolved" | "rejected" | "canceled",
    payload: string | null,
  ): Promise<boolean> {
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
    if (!row) throw new HostError("component/unknown", `There is no component ${shortDigest(digest)} in the store.`);
    return row.bytes;
  }

  /** All entries of an agent from index `from` on, the inherited ones included, step by step. */
  async oplog(id: AgentId, from = 0): Promise<StepRow[]> {
    await this.#node.writer.durable();
    return readSteps(this.#options.store, await this.#node.mustExist(id), from);
  }

  /**
   * Makes a copy of an agent as it was behind the step that holds the entry `at`; by default, as it is now.
   *
   * The copy goes on from there by itself: what was in flight has ended meanwhile or will end, and it finishes the
   * invocation that was running under the same key. Resolves, once that is durable, to the copy's id.
   * Errors: HostError `agent/unknown`, `agent/elsewhere`, `agent/no-entry`.
   */
  async forkAgent(id: AgentId, at?: number): Promise<AgentId> {
    await this.#node.writer.durable();
    return this.#node.durably(async () => {
      const parent = await this.#node.mustBeLocal(id);
      const { store, random } = this.#options;
      const steps = await readSteps(store, parent.row, 0);
      const length = at === undefined ? (steps.at(-1)?.first ?? 0) + (steps.at(-1)?.count ?? 0) : at + 1;
      const upTo = steps.findIndex(({ first, count }) => first < length && length <= first + count);
      if (upTo === -1)
        throw new HostError(
          "agent/no-entry",
          `${id} has no entry ${at}; its entries are 0 to ${parent.row.length - 1}.`,
        );
      const state = foldState({
        agent: id,
        component: parent.row.component,
        snapshot: null,
        steps: steps.slice(0, upTo + 1),
      });
      const name = parseAgentName(id);
      const phantom = uuidV5(Buffer.from(random.bytes(16)).toString("hex"));
      const { snapshot } = parent.row;
      const live = this.#node.agents.createFork(parent, {
        id: formatAgentName({ ...name, phantom }),
        operation: 0,
        session: "closed",
        state,
        snapshot: snapshot && snapshot.length <= state.length ? snapshot : null,
      });
      await this.#node.steps.inherit(live, parent);
      if (stateOf(live) === "running") await this.#node.agents.open(live);
      return live.row.id;
    });
  }

  /**
   * Deletes an agent with its journal and memory. Resolves, once that is durable, to whether there was one.
   *
   * Errors: HostError `agent/elsewhere` if another node that is alive owns it.
   */
  deleteAgent(id: AgentId): Promise<boolean> {
    return this.#node.durably(() => {
      this.#node.writer.seal();
      return this.#node.deleteAgent(id);
    });
  }

  /** Leaves the store: what is unfinished goes on when the next node opens it. Who waits here gets `host/closed`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#node[Symbol.asyncDispose]();
  }
}

export type { HostOptions, LogLine } from "./node.ts";
