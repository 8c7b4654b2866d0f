import { readFile } from "node:fs/promises";
import { join } from "node:path";

export const resultsFile = join(import.meta.dirname, "RESULTS.md");

/** What stands in it; nothing at first. */
export function readFormer(): Promise<string> {
  return readFile(resultsFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
}
