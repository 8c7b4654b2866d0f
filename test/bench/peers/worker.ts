import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { end, keep } from "./processes.ts";
import type { Place } from "./servers.ts";
import type { Answer, Reply, Task } from "./subject.ts";

/** No task takes as long as this unless it hangs. */
const timeoutMs = 120_000;

/** A peer's own process, seen from the bench. */
export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: Answer | undefined): void; reject(error: Error): void }>();
  #tasks = 0;
  #printed = "";

  private constructor(module: string, place: Place) {
    const stdio = ["ignore", "pipe", "pipe", "ipc"] as const;
    this.#child = keep(
      fork(join(import.meta.dirname, module), [JSON.stringify(place)], { detached: true, stdio: [...stdio] }),
    );
    const read = (text: string) => (this.#printed = (this.#printed + text).slice(-2_000));
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding("utf8").on("data", read);
    this.#child.on("message", ({ id, answer, error }: Reply) => {
      if (error === undefined) this.#waiting.get(id)?.resolve(answer);
      else this.#waiting.get(id)?.reject(new Error(error));
      this.#waiting.delete(id);
    });
    this.#child.once("close", () => {
      const error = new Error(`Its process ended. ${this.#printed.trim()}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  /** Starts a module, named from this folder; resolves when it is ready. */
  static async start(module: string, place: Place): Promise<Worker> {
    const worker = new Worker(module, place);
    try {
      await worker.#reply(0);
      return worker;
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Errors: Error with what the worker threw, or that it ended, or that it took too long. */
  async carryOut(task: Task): Promise<Answer> {
    const id = (this.#tasks += 1);
    const reply = this.#reply(id);
    this.#child.send({ id, task });
    const answer = await reply;
    if (answer === undefined) throw new Error(`${task.job} was not answered.`);
    return answer;
  }

  #reply(id: number): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`It was not through after ${timeoutMs / 1_000} s. ${this.#printed.trim()}`));
      const timer = setTimeout(late, timeoutMs);
      const settle = <T>(act: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          act(value);
        };
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
  }

  /** Kills it; whoever waits for a task of it is told so. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, "close");
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await end(this.#child);
      await closed;
    }
  }
}
