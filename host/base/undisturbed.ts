/**
 * Work in the midst of which a thread must not be ended.
 *
 * Node makes a compression stream in two steps. If a thread is ended between them, be it by `terminate` or because the
 * process exits, Node takes the whole process down. So a thread says when it compresses, and whoever ends it waits for that.
 */

const free = 0;
const busy = 1;
const ended = 2;

/** A page takes 25 µs; what has not come through after so many milliseconds does not run any more. */
const patienceMs = 1_000;

/** What this thread shares with the one that ends it; null: it is not a worker. */
let own: Int32Array | null = null;

/** Of the workers that this thread has. */
const workers = new Set<Int32Array>();
const holdAll = () => workers.forEach(holdBack);

/** Does work in the midst of which this thread is not ended; it must be short, and must not wait. */
export function undisturbed<Result>(work: () => Result): Result {
  if (!own) return work();
  // Where the end has come already, this does not return.
  if (Atomics.compareExchange(own, 0, free, busy) === ended) Atomics.wait(own, 0, ended);
  try {
    return work();
  } finally {
    Atomics.store(own, 0, free);
    Atomics.notify(own, 0);
  }
}

/** The first thing that a worker calls, with the memory of its starter's guard. */
export function guardOwnWork(memory: SharedArrayBuffer): void {
  own = new Int32Array(memory);
}

/** What one worker shares with its starter. Disposed before the worker is ended: it then begins no such work any more. */
export class WorkGuard implements Disposable {
  readonly memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #state = new Int32Array(this.memory);

  constructor() {
    if (workers.size === 0) process.on("exit", holdAll);
    workers.add(this.#state);
  }

  [Symbol.dispose](): void {
    holdBack(this.#state);
    if (workers.delete(this.#state) && workers.size === 0) process.off("exit", holdAll);
  }
}

function holdBack(state: Int32Array): void {
  // Between waking up and looking, the thread may have begun anew.
  while (Atomics.compareExchange(state, 0, free, ended) === busy)
    if (Atomics.wait(state, 0, busy, patienceMs) === "timed-out") return;
}
