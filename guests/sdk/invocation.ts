import host from "planaria:host/invocation@0.1.0";
import log from "planaria:host/log@0.1.0";
import time from "planaria:host/time@0.1.0";
import { Call, cancelOperations, countHolding, forgetOperations } from "./call.ts";
import { PlanariaError } from "./failure.ts";

/** What `guest.invoke` is given: see wit/guest.wit. */
export type InvokeEvent = { invocation: number; key: string; id: string; args: unknown[] } & (
  | { agent: string; params: unknown[]; method: string }
  | { function: string }
);

/** An outcome as an import takes it. */
export type Outcome = { tag: "ok" | "err"; val: string };

interface Invocation {
  number: number;
  key: string;
  id: string;
  type: string;
  params: readonly unknown[];
  canceled: boolean;
  abort: AbortController | undefined;
  /** How it ended, while calls that it did not await hold it up. */
  outcome: Outcome | undefined;
}

let current: Invocation | undefined;
/** False while the component is built: the module's top level runs then, and nothing that would be remembered may happen. */
let entered = false;

export function beginInvocation(event: InvokeEvent): Invocation {
  entered = true;
  const { invocation: number, key, id } = event;
  const [type, params] = "agent" in event ? [event.agent, event.params] : [event.function, []];
  current = { number, key, id, type, params, canceled: false, abort: undefined, outcome: undefined };
  return current;
}

/** Ends an invocation, at once or when the last call that it left open has ended; a failed one waits for nothing. */
export function endInvocation(invocation: Invocation, outcome: Outcome): void {
  if (current !== invocation || invocation.outcome !== undefined) return;
  if (outcome.tag === "ok" && countHolding() > 0) invocation.outcome = outcome;
  else finish(invocation, outcome);
}

/**
 * Ends the invocation that is held up, if the last open call has ended and nothing came after it.
 *
 * Whether what waited for that call starts another shows when the step is over, so it looks again in the next one.
 */
export function endHeldInvocation(): void {
  const invocation = current;
  if (invocation?.outcome === undefined || countHolding() > 0) return;
  const { outcome } = invocation;
  void new Call(time.sleep(0), "cancel", () => {
    if (current === invocation && countHolding() === 0) finish(invocation, outcome);
  });
}

function finish(invocation: Invocation, outcome: Outcome): void {
  cancelOperations();
  forgetOperations();
  current = undefined;
  host.finish(invocation.number, outcome);
}

/** The host has ended an invocation: what it left waiting never goes on. */
export function abandonInvocation(number: number): void {
  if (current?.number !== number) return;
  forgetOperations();
  current = undefined;
}

/** The caller has given an invocation up. */
export function cancelInvocation(number: number): void {
  if (current?.number !== number || current.canceled) return;
  current.canceled = true;
  current.abort?.abort(cancelReason());
}

/** The invocation that runs. Throws PlanariaError `guest/no-invocation` outside of one: operations belong to invocations. */
export function requireInvocation(what: string): Invocation {
  requireEntered(what);
  if (current !== undefined) return current;
  const message = `${what} was called after the invocation had finished: await what calls it, so that the invocation lasts until then.`;
  // Whoever called this is awaited by nobody, so the error alone would stay unseen.
  log.log("warn", message);
  throw new PlanariaError("guest/no-invocation", message);
}

/** Throws PlanariaError `guest/build-time` while the component is built. */
export function requireEntered(what: string): void {
  if (entered) return;
  throw new PlanariaError(
    "guest/build-time",
    `${what} was called at the top level of a module. That code runs once, when the component is built, for all agents: move it into a method or function.`,
  );
}

export function isEntered(): boolean {
  return entered;
}

/** A fork goes on under an id of its own. */
export function renameAgent(id: string): void {
  if (current !== undefined) current.id = id;
}

/** The signal of the running invocation: aborted when its caller gives it up. */
export function signal(): AbortSignal {
  const invocation = requireInvocation("signal()");
  if (invocation.abort === undefined) {
    invocation.abort = new AbortController();
    if (invocation.canceled) invocation.abort.abort(cancelReason());
  }
  return invocation.abort.signal;
}

function cancelReason(): PlanariaError {
  return new PlanariaError("operation/canceled", "The caller has given up this invocation.");
}

/** Who runs: the agent, and the invocation that it is in. */
export const self = {
  /** The agent's id, such as `counter("c1")`. */
  get id(): string {
    return requireInvocation("self.id").id;
  },
  /** The name under which the agent's type or function is exported. */
  get type(): string {
    return requireInvocation("self.type").type;
  },
  /** The agent's parameters; none for the call of a function. */
  get params(): readonly unknown[] {
    return requireInvocation("self.params").params;
  },
  /** The idempotency key of the running invocation. */
  get key(): string {
    return requireInvocation("self.key").key;
  },
};
