import type { Journal } from "../replay/journal.ts";

export function makeOperation(journal: () => Journal) {
  return {
    cancel(operation: number) {
      journal().note({ kind: "operation-canceled", operation });
    },
  };
}
