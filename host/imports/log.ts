import type { Journal } from "../replay/journal.ts";

export function makeLog(journal: () => Journal) {
  return {
    log(level: "debug" | "info" | "warn" | "error", message: string) {
      journal().note({ kind: "logged", level, message });
    },
  };
}
