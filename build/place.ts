import { readFileSync } from "node:fs";
import { relative } from "node:path";

/** A spot in a source file: lines and columns count from 1, as editors show them. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** A file as people want to read it: relative where that is shorter than climbing out of the working directory. */
export function showFile(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith("..") ? file : path;
}

/** `file:line:column`, which editors and terminals turn into a link. */
export function showPlace(place: Place): string {
  return `${showFile(place.file)}:${place.line}:${place.column}`;
}

/** The line of source at a place with a caret under the column; empty if the file can't be read. */
export function showExcerpt(place: Place): string {
  const line = readLine(place);
  if (line === undefined) return "";
  const number = String(place.line);
  // Tabs stay tabs, so that the caret stands right however wide they are shown.
  const lead = line.slice(0, place.column - 1).replace(/[^\t]/g, " ");
  return `  ${number} | ${line}\n  ${" ".repeat(number.length)} | ${lead}^`;
}

function readLine(place: Place): string | undefined {
  try {
    return readFileSync(place.file, "utf8").split(/\r?\n/)[place.line - 1];
  } catch {
    return undefined;
  }
}
