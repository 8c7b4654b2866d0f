import type { Entry, EntryOf } from "./entry.ts";

const starts = [
  "rpc-started",
  "delete-started",
  "promise-awaited",
  "promise-settled",
  "fork-started",
  "sleep-started",
  "fetch-started",
  "run-started",
] as const;

/** An entry that starts an operation whose outcome the guest will be given, if it is no triggered call. */
export type OperationStart = EntryOf<(typeof starts)[number]>;

const startKinds: ReadonlySet<string> = new Set(starts);

/** Whether an entry puts an operation in flight: the guest will be given its outcome. */
export function startsOperation(entry: Entry): entry is OperationStart {
  return startKinds.has(entry.kind) && !(entry.kind === "rpc-started" && entry.mode === "triggered");
}
