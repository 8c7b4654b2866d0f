import type { Journal } from "../replay/journal.ts";

export function makeFork(journal: () => Journal) {
  return {
    fork() {
      const operation = journal().nextOperation();
      journal().note({ kind: "fork-started", operation });
      return operation;
    },
  };
}
