import { isBuiltin } from "node:module";
import { join, sep } from "node:path";
import type { RolldownLog } from "rolldown";
import { HostError } from "../host/base/error.ts";
import { showExcerpt, showFile, showPlace } from "./place.ts";
import type { Place } from "./place.ts";

/** What is bundled, as far as errors speak of it. */
export interface BundleWords {
  /** Why there is nothing of Node for it, and what to use instead. */
  builtin: { what: string; hint: string };
  /** Where `planaria/guest` lies, of which it may want something that there is not. */
  sdkFolder?: string;
}

/**
 * What rolldown threw or logged, in words for the author of what it bundled.
 *
 * Codes: `build/syntax`, `build/unresolved`, `build/missing-export`, `build/node-builtin`, each with the place in the
 *        author's own file; `build/failed` for anything else.
 */
export function bundleError(error: unknown, words: BundleWords): HostError {
  const log = firstError(error);
  const specifier = log.code === "UNRESOLVED_IMPORT" ? (log.exporter ?? "") : "";
  const builtin = isBuiltin(specifier);
  const place = findPlace(log);
  const code = builtin ? "build/node-builtin" : (codes[log.code ?? ""] ?? (place ? "build/syntax" : "build/failed"));
  const { what, hint } = explain(log, specifier, builtin, words);
  const lines = place ? [`${showPlace(place)}: ${what}`, showExcerpt(place), hint] : [what, hint];
  return new HostError(code, lines.filter((line) => line !== "").join("\n"), {
    data: { ...place, specifier },
    cause: log,
  });
}

export function showWarning(log: RolldownLog): string {
  const place = findPlace(log);
  if (place) return `${showPlace(place)}: ${headline(log)}`;
  return log.id ? `${showFile(log.id)}: ${headline(log)}` : headline(log);
}

/** Rolldown throws an error with all of its errors in a list; the first is the one that caused the rest. */
function firstError(error: unknown): RolldownLog {
  const [first] = (error as { errors?: RolldownLog[] }).errors ?? [];
  return first ?? (error as RolldownLog);
}

const codes: Record<string, string> = {
  UNRESOLVED_IMPORT: "build/unresolved",
  MISSING_EXPORT: "build/missing-export",
};

function explain(
  log: RolldownLog,
  specifier: string,
  builtin: boolean,
  words: BundleWords,
): { what: string; hint: string } {
  if (builtin) return { what: `"${specifier}" is part of Node, ${words.builtin.what}`, hint: words.builtin.hint };
  if (log.code === "UNRESOLVED_IMPORT")
    return { what: `"${specifier}" can't be found.`, hint: adviseImport(specifier) };
  const { sdkFolder } = words;
  if (log.code === "MISSING_EXPORT" && sdkFolder !== undefined && log.exporter?.startsWith(join(sdkFolder, sep))) {
    const name = /"(.*?)" is not exported/.exec(log.message)?.[1] ?? "";
    return { what: `planaria/guest has no "${name}".`, hint: "" };
  }
  return { what: headline(log), hint: /Help: (.*)/.exec(log.message)?.[1] ?? "" };
}

function adviseImport(specifier: string): string {
  if (specifier.startsWith("planaria:"))
    return "The folder wit/ of Planaria shows what the host offers, and in which version.";
  if (/^[./]/.test(specifier)) return "Correct the path: it is read from the folder of the file that imports it.";
  return `Install it: npm install ${packageOf(specifier)}`;
}

/** The package's name without the path inside it. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Rolldown's message without its code and its drawing of the source. */
function headline(log: RolldownLog): string {
  return log.message.split("\n")[0]!.replace(/^\[\w+\] /, "");
}

function findPlace({ loc, id }: RolldownLog): Place | undefined {
  const file = loc?.file ?? id;
  return loc && file ? { file, line: loc.line, column: loc.column + 1 } : undefined;
}
