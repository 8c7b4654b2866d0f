import { Event, EventTarget } from "./event.ts";
import { clearTimer, setTimeout } from "./timer.ts";

const inside = Symbol("inside");
/** Set inside the class, since only it may change a signal. */
let abort: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #onabort: ((event: unknown) => void) | null = null;

  constructor(key?: symbol) {
    super();
    if (key !== inside) throw new TypeError("An AbortSignal is made by an AbortController.");
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get onabort(): ((event: unknown) => void) | null {
    return this.#onabort;
  }

  set onabort(listener: ((event: unknown) => void) | null) {
    if (this.#onabort !== null) this.removeEventListener("abort", this.#onabort);
    this.#onabort = typeof listener === "function" ? listener : null;
    if (this.#onabort !== null) this.addEventListener("abort", this.#onabort);
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(inside);
    abort(signal, reason);
    return signal;
  }

  static timeout(spanMs: number): AbortSignal {
    const signal = new AbortSignal(inside);
    const timer = setTimeout(() => abort(signal, new DOMException("The operation timed out.", "TimeoutError")), spanMs);
    signal.addEventListener("abort", () => clearTimer(timer));
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const sources = [...signals];
    const first = sources.find((source) => source.aborted);
    if (first !== undefined) return AbortSignal.abort(first.reason);
    const signal = new AbortSignal(inside);
    for (const source of sources) source.addEventListener("abort", () => abort(signal, source.reason), { once: true });
    return signal;
  }

  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("The operation was aborted.", "AbortError") : reason;
      signal.dispatchEvent(new Event("abort"));
    };
  }
}

export class AbortController {
  readonly signal = new AbortSignal(inside);

  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}
