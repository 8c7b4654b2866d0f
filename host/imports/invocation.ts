import type { Journal } from "../replay/journal.ts";
import { toOutcome, type GuestResult } from "./run.ts";

export function makeInvocation(journal: () => Journal) {
  return {
    finish(invocation: number, result: GuestResult) {
      journal().note({ kind: "finished", invocation, outcome: toOutcome(result) });
    },
  };
}
