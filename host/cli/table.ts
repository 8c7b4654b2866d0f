import prettyBytes from "pretty-bytes";
import prettyMs from "pretty-ms";
import stringWidth from "string-width";

const gap = "  ";

interface TableOptions {
  /** Columns, from 0, whose cells stand to the right: numbers. */
  right?: readonly number[];
}

/** Lays out rows of cells in columns as wide as their widest cell. The last column is left ragged. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: TableOptions = {},
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => stringWidth(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (right.includes(column) ? padStart : pad)(cell, widths[column]!))
        .join(gap)
        .trimEnd(),
    )
    .join("\n");
}

/** Lays out names and what they stand for, one pair a line. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => stringWidth(name)));
  return facts.map(([name, value]) => `${pad(name, width)}${gap}${value}`.trimEnd()).join("\n");
}

/** A count with its noun: `1 entry`, `2 entries`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The first eight of many names, and how many more there are. */
export function formatNames(names: readonly string[]): string {
  const more = names.length - 8;
  return `${names.slice(0, 8).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

export const formatBytes = (sizeBytes: number): string => prettyBytes(sizeBytes, { binary: true });

/** A span of time in its one largest unit: `3m`, `250ms`. */
export const formatSpan = (spanMs: number): string => prettyMs(Math.max(0, spanMs), { compact: true });

export const formatTime = (at: number): string => new Date(at).toISOString();

function pad(cell: string, width: number): string {
  return cell + " ".repeat(width - stringWidth(cell));
}

function padStart(cell: string, width: number): string {
  return " ".repeat(width - stringWidth(cell)) + cell;
}
