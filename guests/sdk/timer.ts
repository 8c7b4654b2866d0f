import operation from "planaria:host/operation@0.1.0";
import host from "planaria:host/time@0.1.0";
import { Call, takeOperation } from "./call.ts";
import { requireInvocation } from "./invocation.ts";
import { say } from "./log.ts";
import { toSpanMs } from "./time.ts";

type Callback = (...args: unknown[]) => unknown;

/** What `setTimeout` and `setInterval` give. It ends with its invocation at the latest. */
class Timer {
  /** The sleep that it waits for; 0 when it is over. */
  operation = 0;

  clear(): void {
    if (takeOperation(this.operation) !== undefined) operation.cancel(this.operation);
    this.operation = 0;
  }

  /** For code that was written for Node.js; no timer outlives its invocation anyway. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export function setTimeout(callback: Callback, delayMs?: unknown, ...args: unknown[]): Timer {
  requireInvocation("setTimeout()");
  return start(new Timer(), callback, toDelayMs(delayMs), args, false);
}

export function setInterval(callback: Callback, delayMs?: unknown, ...args: unknown[]): Timer {
  requireInvocation("setInterval()");
  return start(new Timer(), callback, Math.max(toDelayMs(delayMs), 1), args, true);
}

export function clearTimer(timer: unknown): void {
  if (timer instanceof Timer) timer.clear();
}

function start(timer: Timer, callback: Callback, delayMs: number, args: unknown[], again: boolean): Timer {
  if (typeof callback !== "function") throw new TypeError(`A timer calls a function, not ${typeof callback}.`);
  const call = new Call(host.sleep(delayMs), "cancel");
  timer.operation = call.id;
  void call.then(() => {
    if (timer.operation !== call.id) return;
    timer.operation = 0;
    if (again) start(timer, callback, delayMs, args, true);
    fire(callback, args);
  });
  return timer;
}

function fire(callback: Callback, args: unknown[]): void {
  try {
    callback(...args);
  } catch (error) {
    say("error", ["Uncaught in a timer:", error]);
  }
}

/** As in a browser, whatever is no span in milliseconds is none at all. */
function toDelayMs(delayMs: unknown): number {
  const span = Number(delayMs);
  return span > 0 && span <= Number.MAX_SAFE_INTEGER ? toSpanMs(span, "A timer") : 0;
}
