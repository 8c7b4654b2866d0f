import host from "planaria:host/fork@0.1.0";
import { Call } from "./call.ts";
import { renameAgent, requireInvocation } from "./invocation.ts";
import { reseed } from "./random.ts";

/** Which of the two agents one is after a fork, and the id of the other. */
export type Fork = { kind: "original"; fork: string } | { kind: "forked"; parent: string };

/**
 * Makes two agents out of this one, both with all it knows; both go on behind the `await`.
 *
 * The fork finishes the invocation that it was born in, too, with a result of its own.
 */
export function fork(): Call<Fork> {
  requireInvocation("fork()");
  return new Call(host.fork(), "leave", goOn);
}

function goOn(side: Fork & { id?: string }): Fork {
  if (side.kind === "original") return side;
  // Else both sides would draw the same numbers from here on.
  reseed();
  if (side.id !== undefined) renameAgent(side.id);
  return { kind: "forked", parent: side.parent };
}
