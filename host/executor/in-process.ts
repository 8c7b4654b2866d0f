import type { Executor, ExecutorListener, Opening, StepLimits } from "../agent/executor.ts";
import type { Input } from "../agent/step.ts";
import { invariant } from "../base/error.ts";
import type { AgentId, Digest } from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { FleetOptions } from "./fleet.ts";
import { Runner } from "./runner.ts";

/**
 * Runs guests in the host's own thread: for tests, simulation and embedding.
 *
 * Nothing can stop a guest here that loops for ever; use `WorkerExecutor` for guests that are not your own.
 */
export class InProcessExecutor implements Executor {
  #listener: ExecutorListener | null = null;
  readonly #runner: Runner;

  constructor(options: FleetOptions & { clock: Clock; random: Random }) {
    const listener = () => {
      invariant(this.#listener, "an executor is started before it is used");
      return this.#listener;
    };
    this.#runner = new Runner({
      ...options,
      listener: {
        stepped: (step) => listener().stepped(step),
        failed: (agent, error) => listener().failed(agent, error),
      },
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    });
  }

  start(listener: ExecutorListener): void {
    this.#listener = listener;
  }

  load(component: CompiledComponent): void {
    this.#runner.load(component);
  }

  limit(component: Digest, limits: StepLimits): void {
    this.#runner.limit(component, limits);
  }

  open(opening: Opening): void {
    this.#runner.open(opening);
  }

  send(agent: AgentId, inputs: Input[]): void {
    this.#runner.send(agent, inputs);
  }

  has(agent: AgentId): boolean {
    return this.#runner.has(agent);
  }

  close(agent: AgentId): void {
    this.#runner.close(agent);
  }

  reset(): void {
    this.#runner.reset();
  }

  drain(): Promise<void> {
    return this.#runner.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#runner.reset();
  }
}
