import { isHostError } from "../base/error.ts";
import type { AgentId, Digest, NodeId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { AgentRow, InvocationRow, NodeRow, Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Components } from "./components.ts";
import { failed } from "./failure.ts";
import type { Invocations } from "./invocations.ts";
import type { Live } from "./live.ts";
import { leaveUnplaced } from "./unplaced.ts";
import type { Writer } from "./writer.ts";

export interface PlacingOptions {
  store: Store;
  clock: Clock;
  node: NodeId;
  seat: Pick<NodeRow, "group" | "name">;
  writer: Writer;
  agents: Agents;
  invocations: Invocations;
  components: Components;
}

/** How an agent with a target begins on the node that has taken it up: what it runs is settled only here. */
export class Placing {
  readonly #options: PlacingOptions;

  constructor(options: PlacingOptions) {
    this.#options = options;
  }

  /** Brings an agent to life that this node has taken up and that has not begun; null if it is none, or can't. */
  async place(id: AgentId): Promise<Live | null> {
    const { store, node, writer, agents } = this.#options;
    const row = await writer.findAgent(id);
    if (row?.component !== null || row.node !== node) return null;
    const queue = await store.queue(id);
    try {
      const live = await agents.place(row, await this.#choose(id, queue), queue);
      await this.#checkMethods(live);
      return live;
    } catch (error) {
      await this.#leave(row, queue, error);
      return null;
    }
  }

  /** What it is to be: what this node is for comes first, then what its caller is, then anything. */
  async #choose(id: AgentId, [first]: readonly InvocationRow[]): Promise<Digest> {
    const { components, writer } = this.#options;
    const own = components.served(id);
    if (own) return own;
    const caller = first?.caller && (await writer.findAgent(first.caller.agent));
    return components.serving(id, caller?.component ?? null);
  }

  async #checkMethods(live: Live): Promise<void> {
    const { invocations, components } = this.#options;
    for (const row of [...live.queue]) {
      try {
        components.checkMethod(live.row.component, row.agent, row.method);
      } catch (error) {
        live.queue.splice(live.queue.indexOf(row), 1);
        await invocations.refuse([row], this.#refusal(error));
      }
    }
  }

  async #leave(row: AgentRow, queue: readonly InvocationRow[], error: unknown): Promise<void> {
    const { invocations } = this.#options;
    await invocations.refuse(queue, this.#refusal(error));
    leaveUnplaced(this.#options, row);
  }

  /** As an outcome, with the node that was asked; what is no refusal of a call is thrown again. */
  #refusal(error: unknown) {
    if (!isHostError(error) || !/^(?:rpc|agent)\//.test(error.code)) throw error;
    const { group, name } = this.#options.seat;
    return failed(error.code, `${error.message} The node ${name} of the group ${group} was asked.`);
  }
}
