import operation from "planaria:host/operation@0.1.0";
import { fromFailure, type Failure } from "./failure.ts";

/** What becomes of an operation that is open when its invocation ends: it holds the end up, is canceled, or is left alone. */
export type AtEnd = "hold" | "cancel" | "leave";

/** What is needed of an AbortSignal, be it the global type or the SDK's own class. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  atEnd: AtEnd;
  /** Makes what the caller gets of what the host delivers. */
  read: ((value: never) => unknown) | undefined;
  /** The signal that gives it up. */
  signal: { listener: () => void; of: Signal } | undefined;
  /** Whether the host has been told that it is given up. */
  canceled: boolean;
}

/** Who waits for which operation. */
const open = new Map<number, Waiter>();
let holding = 0;

/**
 * A call under way: a promise of its outcome with the number of its operation.
 *
 * Nothing is lost by not awaiting one: a failure that nobody looks at harms nobody.
 */
export class Call<T> extends Promise<T> {
  readonly id: number;

  constructor(id: number, atEnd: AtEnd, read?: (value: never) => unknown) {
    super((resolve, reject) => {
      const settle = { resolve: resolve as Waiter["resolve"], reject };
      open.set(id, { ...settle, atEnd, read, signal: undefined, canceled: false });
    });
    if (atEnd === "hold") holding += 1;
    this.id = id;
  }

  /** Gives the call up: it rejects with `operation/canceled`, and who carries it out is told. */
  cancel(): void {
    const waiter = open.get(this.id);
    if (waiter === undefined || waiter.canceled) return;
    waiter.canceled = true;
    operation.cancel(this.id);
  }
}

// What `then` makes is a plain promise; and `await` takes a Call as it is, without a promise around it, because it
// calls itself a Promise.
Object.defineProperty(Call.prototype, "constructor", { value: Promise });

/** A call that nobody waits for. */
export class Triggered {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  /** Gives the call up: it never starts if it still waits for its turn, and is told if it runs. */
  cancel(): void {
    operation.cancel(this.id);
  }
}

/** Lets a signal give a call up, which then rejects with the signal's reason. */
export function cancelOn<C extends Call<unknown> | Triggered>(of: Signal | undefined, call: C): C {
  if (of === undefined) return call;
  const listener = () => call.cancel();
  const waiter = open.get(call.id);
  if (waiter) waiter.signal = { listener, of };
  if (of.aborted) listener();
  else of.addEventListener("abort", listener, { once: true });
  return call;
}

export function isSignal(value: unknown): value is Signal {
  return typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
}

/** The outcome of an operation, as `guest.deliver` brings it. */
export type OutcomeEvent = { operation: number; value: unknown } | { operation: number; error: Failure };

/** Lets whoever waits for an operation go on. An operation that is not open was forgotten: nobody waits. */
export function settleOperation(event: OutcomeEvent): void {
  const waiter = takeOperation(event.operation);
  if (waiter === undefined) return;
  const { signal } = waiter;
  if ("error" in event && event.error.code === "operation/canceled" && signal?.of.aborted)
    waiter.reject(signal.of.reason);
  else if ("error" in event) waiter.reject(fromFailure(event.error));
  else waiter.resolve(waiter.read === undefined ? event.value : waiter.read(event.value as never));
}

export function isOpen(id: number): boolean {
  return open.has(id);
}

/** Stops waiting for an operation, which then never settles here. */
export function takeOperation(id: number): Waiter | undefined {
  const waiter = open.get(id);
  if (waiter === undefined) return undefined;
  open.delete(id);
  waiter.signal?.of.removeEventListener("abort", waiter.signal.listener);
  if (waiter.atEnd === "hold") holding -= 1;
  return waiter;
}

/** How many open operations hold up the end of the invocation. */
export function countHolding(): number {
  return holding;
}

/** Forgets every open operation: what waits for one never goes on. */
export function forgetOperations(): void {
  open.clear();
  holding = 0;
}

/** Cancels the open operations that serve nobody but the invocation that ends, such as sleeps. */
export function cancelOperations(): void {
  for (const [id, waiter] of open) if (waiter.atEnd === "cancel") operation.cancel(id);
}
