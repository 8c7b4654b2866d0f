import type { Clock } from "../../host/base/port.ts";

interface Timer {
  at: number;
  wake: () => void;
}

/**
 * Time that passes when a test says so.
 *
 * Several hosts may live by one; each gets a part of its own, which stands still when the host is to be dead.
 */
export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  wakeAt(at: number, wake: () => void): Disposable {
    const timer = { at, wake };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Jumps to the next timer, if it is not farther away, and sets it off. Returns whether there was one. */
  next(withinMs = Infinity): boolean {
    const [next] = [...this.#timers].toSorted((left, right) => left.at - right.at);
    if (!next || next.at > this.#now + withinMs) return false;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.wake();
    return true;
  }

  /** Lets a span pass at once, without setting off what falls into it: as if the process had been stopped meanwhile. */
  skip(spanMs: number): void {
    this.#now += spanMs;
  }

  /** A part of this clock whose timers can be stopped for ever. */
  part(): Clock & { stop(): void } {
    let stopped = false;
    const timers = new Set<Disposable>();
    return {
      now: () => this.#now,
      wakeAt: (at, wake) => {
        if (stopped) return { [Symbol.dispose]: () => {} };
        const timer = this.wakeAt(at, wake);
        timers.add(timer);
        return timer;
      },
      stop: () => {
        stopped = true;
        for (const timer of timers) timer[Symbol.dispose]();
      },
    };
  }
}
