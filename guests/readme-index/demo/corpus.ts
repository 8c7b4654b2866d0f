import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { File } from "../index.ts";

/** Reads all README files below a folder, in the order of their paths, which are given from `from`. */
export function readReadmes(folder: string, from: string): File[] {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^readme\b/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  return paths.map((path) => ({ path: relative(from, path), text: readFileSync(path, "utf8") }));
}
