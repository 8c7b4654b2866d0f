import { readFileSync } from "node:fs";

/** The version of Planaria. */
export const version: string = JSON.parse(readFileSync(findManifest(import.meta.url), "utf8")).version;

/** Compiled, this file lies one folder deeper than in the source. */
function findManifest(from: string): URL {
  return new URL(from.endsWith(".ts") ? "../../package.json" : "../../../package.json", from);
}
