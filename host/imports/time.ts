import type { Journal } from "../replay/journal.ts";

export function makeTime(journal: () => Journal) {
  return {
    now: () => BigInt(journal().at),
    sleep(span: bigint) {
      const operation = journal().nextOperation();
      journal().note({ kind: "sleep-started", operation, spanMs: toSpanMs(span) });
      return operation;
    },
  };
}

/** A span in milliseconds; one too long to matter (285 years) is cut. */
export function toSpanMs(span: bigint): number {
  return Number(span > 9_000_000_000_000n ? 9_000_000_000_000n : span);
}
