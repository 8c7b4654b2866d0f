import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";

/** What became of a thread. */
export interface ThreadEnd<Message> {
  /** What it said last; null: nothing. */
  message: Message | null;
  /** What it printed on stderr: where jco panics, it says so there. */
  printed: string;
  /** It was ended, since it took too long. */
  isLate: boolean;
}

/**
 * Does a piece of work in a thread of its own, which ends with it: one that may never end, or break the thread.
 *
 * Time is the machine's, since nothing of it is replayed. Rejects if the thread dies.
 */
export async function runThread<Message>(entry: URL, data: unknown, limitMs: number): Promise<ThreadEnd<Message>> {
  // What is printed belongs into an error, and not on the terminal.
  const worker = new Worker(entry, { workerData: data, stdout: true, stderr: true });
  const printed = text(worker.stderr);
  const end: ThreadEnd<Message> = { message: null, printed: "", isLate: false };
  worker.once("message", (message: Message) => (end.message = message));
  const limit = AbortSignal.timeout(limitMs);
  const stop = () => {
    end.isLate = true;
    void worker.terminate();
  };
  limit.addEventListener("abort", stop);
  try {
    await once(worker, "exit");
  } finally {
    limit.removeEventListener("abort", stop);
  }
  return { ...end, printed: (await printed).trim() };
}

/** The module beside this one: TypeScript where the sources run as they are, and compiled where they were installed. */
export function threadEntry(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}
