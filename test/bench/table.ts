import type { FlatnessSummary, Summary } from "./summary.ts";

/** Summaries as a table in Markdown, which reads as well on a terminal. */
export function formatSummaries(summaries: readonly Summary[]): string {
  const head = ["", "median", "least to most", "per second", "CPU", "aim", "floor", "× floor"];
  return formatTable(head, summaries.map(formatSummary));
}

function formatSummary({ measure, unit, median, least, most, cpu, aim, floor }: Summary): string[] {
  const show = (value: number) => formatQuantity(value, unit);
  return [
    measure,
    show(median),
    `${show(least)} to ${show(most)}`,
    unit === "µs" ? formatNumber(1_000_000 / median) : "",
    cpu === null ? "" : show(cpu),
    aim === null ? "" : `${show(aim)} ${median <= aim ? "met" : "MISSED"}`,
    floor === null ? "" : show(floor),
    floor === null ? "" : (median / floor).toFixed(1),
  ];
}

export function formatFlatness({ measures, ratio, within }: FlatnessSummary): string {
  const verdict = ratio <= within ? "met" : "MISSED";
  return `${measures.join(", ")}: largest by smallest median ${ratio.toFixed(2)}, aim ${within} ${verdict}`;
}

/** The first column is left-aligned, the others right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, index) => Math.max(3, title.length, ...rows.map((row) => row[index]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

export function formatQuantity(value: number, unit: Summary["unit"]): string {
  if (unit === "bytes") return value < 10_240 ? `${formatNumber(value)} B` : `${formatNumber(value / 1024)} KiB`;
  return value < 1_000 ? `${formatNumber(value)} µs` : `${formatNumber(value / 1_000)} ms`;
}

/** Three digits that count. */
function formatNumber(value: number): string {
  return value.toLocaleString("en", value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}
