import { TraceMap, originalPositionFor } from "@jridgewell/trace-mapping";
import { readCustomSection } from "./custom-section.ts";

/** The way back from the lines that QuickJS runs to those that the guest's author wrote. */
export type SourceMap = TraceMap;

export const sourceMapSection = "planaria:source-map";

/** The source map that a component carries; undefined if it has none, as one that something else has built. */
export function readSourceMap(component: Uint8Array): SourceMap | undefined {
  const json = readCustomSection(component, sourceMapSection);
  return json === undefined ? undefined : makeSourceMap(Buffer.from(json).toString("utf8"));
}

export function makeSourceMap(json: string): SourceMap {
  return new TraceMap(json);
}

/**
 * Rewrites a QuickJS stack to the guest's own files and lines, and leaves out the frames of the SDK.
 *
 * Shape:  `map` may be the component itself; decoding it takes milliseconds, so keep the map of one that is used often.
 *         Without a map the stack stays as it is.
 */
export function mapStack(map: SourceMap | Uint8Array, stack: string): string {
  const sourceMap = map instanceof Uint8Array ? readSourceMap(map) : map;
  if (sourceMap === undefined) return stack;
  return stack
    .split("\n")
    .flatMap((line) => mapFrame(sourceMap, line))
    .join("\n");
}

/** Where a line and column of the bundle, both counted from 1, come from; undefined for glue that no source stands behind. */
export function findOrigin(
  map: SourceMap,
  line: number,
  column: number,
): { source: string; line: number; column: number } | undefined {
  const origin = originalPositionFor(map, { line, column: column - 1 });
  return origin.source === null ? undefined : { source: origin.source, line: origin.line, column: origin.column + 1 };
}

/** Whether a source is part of Planaria, and so of no interest to a guest's author. */
export function isOwnSource(source: string): boolean {
  return source.startsWith("planaria:");
}

// `    at name (componentize-qjs:user.js:3:31)`; a file that is not the guest's module has another name.
const frame = /^(\s*)at (?:(.*) \()?componentize-qjs:[\w.-]+:(\d+)(?::(\d+))?\)?$/;

function mapFrame(map: SourceMap, line: string): string[] {
  const match = frame.exec(line);
  if (match === null) return [line];
  const [, indent, name, lineNumber, column] = match;
  const origin = findOrigin(map, Number(lineNumber), Number(column ?? 1));
  if (origin === undefined || isOwnSource(origin.source)) return [];
  const place = `${origin.source}:${origin.line}:${origin.column}`;
  return [name === undefined || name === "<anonymous>" ? `${indent}at ${place}` : `${indent}at ${name} (${place})`];
}
