import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Journal } from "../replay/journal.ts";
import { makeFork } from "./fork.ts";
import { makeHttp } from "./http.ts";
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
    const measure = <T extends Functions>(functions: T) => admitting(journal, functions);
    this.functions = {
      "planaria:host/operation": measure(makeOperation(journal)),
      "planaria:host/rpc": measure(makeRpc(journal)),
      "planaria:host/promise": measure(makePromise(journal, agent)),
      "planaria:host/fork": measure(makeFork(journal)),
      "planaria:host/time": measure(makeTime(journal)),
      "planaria:host/random": measure(makeRandom(journal)),
      "planaria:host/log": measure(makeLog(journal)),
      "planaria:host/http": measure(makeHttp(journal)),
      "planaria:host/run": measure(makeRun(journal)),
      "planaria:host/invocation": measure(makeInvocation(journal)),
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

type Functions = Record<string, (...args: never[]) => unknown>;

/** Shows the journal what each function is called with, before that is looked at. */
export function admitting<T extends Functions>(journal: () => Journal, functions: T): T {
  const admitted = Object.entries(functions).map(([name, call]) => [
    name,
    (...args: never[]) => {
      journal().admit(args);
      return call(...args);
    },
  ]);
  return Object.fromEntries(admitted) as T;
}
