import type { Outcome } from "../oplog/entry.ts";
import type { Journal } from "../replay/journal.ts";
import { checkJson } from "./json.ts";

/** A WIT `result<json, failure>` as jco hands it over. */
export type GuestResult = { tag: "ok"; val: string } | { tag: "err"; val: string };

export function makeRun(journal: () => Journal) {
  return {
    start(name: string, args: string) {
      checkJson(args, "the arguments of a run");
      const operation = journal().nextOperation();
      journal().note({ kind: "run-started", operation, name, args });
      return operation;
    },
    finish(operation: number, result: GuestResult) {
      journal().note({ kind: "run-finished", operation, outcome: toOutcome(result) });
    },
  };
}

export function toOutcome(result: GuestResult): Outcome {
  checkJson(result.val, "an outcome");
  return result.tag === "ok" ? { value: result.val } : { error: result.val };
}
