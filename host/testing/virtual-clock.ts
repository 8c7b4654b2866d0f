import type { Clock } from "../base/port.ts";

interface Timer {
  at: number;
  wake: () => void;
}

/**
 * Time that passes when somebody says so.
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

  /** A part of this clock whose timers can be stopped for ever, or held back for a while. */
  part(): PartialClock {
    let [stopped, held, skewMs] = [false, false, 0];
    const timers = new Set<Disposable>();
    const late = new Set<() => void>();
    return {
      now: () => this.#now + skewMs,
      wakeAt: (at, wake) => {
        if (stopped) return { [Symbol.dispose]: () => {} };
        const ring = () => {
          timers.delete(timer);
          if (held) late.add(wake);
          else wake();
        };
        const timer = this.wakeAt(at - skewMs, ring);
        timers.add(timer);
        return {
          [Symbol.dispose]: () => {
            late.delete(wake);
            timer[Symbol.dispose]();
          },
        };
      },
      stop: () => {
        stopped = true;
        late.clear();
        for (const timer of timers) timer[Symbol.dispose]();
      },
      hold: () => void (held = true),
      release: () => {
        held = false;
        const due = [...late];
        late.clear();
        for (const wake of due) wake();
      },
      skew: (spanMs) => void (skewMs = spanMs),
    };
  }
}

/** The time of one host among several. */
export interface PartialClock extends Clock {
  /** Nothing is set off any more. */
  stop(): void;
  /** What is due waits, as in a process that stands still, until `release`. */
  hold(): void;
  release(): void;
  /** It is ahead of the others by so much, or behind them; timers that were set stay where they are. */
  skew(spanMs: number): void;
}
