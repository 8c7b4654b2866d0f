import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { HostError } from "../host/base/error.ts";
import { showFile } from "./place.ts";

const endings = [".ts", ".mts", ".js", ".mjs"];

/**
 * The file that a guest's build starts from: a file as it is, a folder's `main` of package.json, else its index.
 *
 * Errors: HostError `build/missing-entry`.
 */
export function findEntry(path: string): string {
  const entry = resolve(path);
  const found = !existsSync(entry) ? undefined : statSync(entry).isDirectory() ? findInFolder(entry) : entry;
  if (found === undefined) throw missingEntry(entry);
  // Bundlers name modules by their real path; a link would make two modules of one.
  return realpathSync(found);
}

function findInFolder(folder: string): string | undefined {
  const main = readMain(join(folder, "package.json"));
  const names = [...(main === undefined ? [] : [main]), ...endings.map((ending) => `index${ending}`)];
  return names.map((name) => join(folder, name)).find((file) => existsSync(file) && statSync(file).isFile());
}

function readMain(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const main = (JSON.parse(readFileSync(file, "utf8")) as { main?: unknown }).main;
    return typeof main === "string" ? main : undefined;
  } catch (cause) {
    throw new HostError(
      "build/missing-entry",
      `${showFile(file)} is not JSON. Correct it, or name the guest's file itself.`,
      {
        data: { file },
        cause,
      },
    );
  }
}

function missingEntry(entry: string): HostError {
  const why = existsSync(entry)
    ? `${showFile(entry)} holds no guest: its package.json names no file that exists as "main", and it has no index.ts.`
    : `There is no guest at ${showFile(entry)}.`;
  return new HostError("build/missing-entry", `${why} Name a TypeScript file, or a folder with an index.ts.`, {
    data: { entry },
  });
}
