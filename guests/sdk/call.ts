import operation from "planaria:host/operation@0.1.0";
import { fromFailure, type Failure } from "./failure.ts";

/** What becomes of an operation that is open when its invocation ends: it holds the end up, is canceled, or is left alone. */
export type AtEnd = "hold" | "cancel" | "leave";

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
  atEnd: AtEnd;
  /** Makes what the caller gets of what the host delivers. */
  read: ((value: never) => unknown) | undefined;
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
      open.set(id, { resolve: resolve as Waiter["resolve"], reject, atEnd, read });
    });
    if (atEnd === "hold") holding += 1;
    this.id = id;
  }

  /** Gives the call up: it rejects with `operation/canceled`, and who carries it out is told. */
  cancel(): void {
    if (open.has(this.id)) operation.cancel(this.id);
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

/** The outcome of an operation, as `guest.deliver` brings it. */
export type OutcomeEvent = { operation: number; value: unknown } | { operation: number; error: Failure };

/** Lets whoever waits for an operation go on. An operation that is not open was forgotten: nobody waits. */
export function settleOperation(event: OutcomeEvent): void {
  const waiter = takeOperation(event.operation);
  if (waiter === undefined) return;
  if ("error" in event) waiter.reject(fromFailure(event.error));
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
