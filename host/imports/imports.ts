import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Journal } from "../replay/journal.ts";
import { makeFork } from "./fork.ts";
import { makeInvocation } from "./invocation.ts";
import { makeLog } from "./log.ts";
import { makeOperation } from "./operation.ts";
import { makePromise } from "./promise.ts";
import { makeRandom } from "./random.ts";
import { makeRpc } from "./rpc.ts";
import { makeRun } from "./run.ts";
import { makeTime } from "./time.ts";

/**
 * The imports of one guest instance, which serves many agents in turn: whose step it runs is said by `enter`.
 *
 * No import decides anything. Each notes a fact in the journal of the step and returns at once; what follows from the
 * fact is the scheduler's affair, once the step is over.
 */
export class Imports {
  /** What jco's glue takes, by interface. */
  readonly functions;
  #agent: AgentId | null = null;
  #journal: Journal | null = null;

  constructor() {
    const journal = () => {
      if (!this.#journal)
        throw new HostError("guest/no-step", "The guest called an import while no step was under way.");
      return this.#journal;
    };
    const agent = () => this.#agent!;
    this.functions = {
      "planaria:host/operation": makeOperation(journal),
      "planaria:host/rpc": makeRpc(journal),
      "planaria:host/promise": makePromise(journal, agent),
      "planaria:host/fork": makeFork(journal),
      "planaria:host/time": makeTime(journal),
      "planaria:host/random": makeRandom(journal),
      "planaria:host/log": makeLog(journal),
      "planaria:host/run": makeRun(journal),
      "planaria:host/invocation": makeInvocation(journal),
    };
  }

  enter(agent: AgentId, journal: Journal): void {
    this.#agent = agent;
    this.#journal = journal;
  }

  leave(): void {
    this.#journal = null;
  }
}
