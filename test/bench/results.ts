import type { Environment } from "./environment.ts";
import { historyTitle, peersTitle, replaceSection, sectionOf } from "./sections.ts";
import type { FlatnessSummary, Summary } from "./summary.ts";
import { formatFlatness, formatQuantity, formatSummaries } from "./table.ts";

/** What `RESULTS.md` is made of. */
export interface Results {
  environment: Environment;
  summaries: Summary[];
  flatness: FlatnessSummary[];
}

/**
 * The file's text: the newest run in full, and a line for each run that there ever was, those of `former` first.
 * What another command has written there stays.
 */
export function formatResults(results: Results, former: string): string {
  const { environment, summaries, flatness } = results;
  const parts = [
    "# Results",
    "Written by `npm run bench`. Absolute times are one machine's; the floors were taken in the same run, in turns.",
    `## ${environment.date}`,
    formatEnvironment(results),
    formatSummaries(summaries),
    flatness.map((each) => `* ${formatFlatness(each)}`).join("\n"),
    `## ${historyTitle}`,
    extendHistory(sectionOf(former, historyTitle), results),
  ];
  const text = `${parts.join("\n\n")}\n`;
  const peers = sectionOf(former, peersTitle);
  return peers === "" ? text : replaceSection(text, peersTitle, peers);
}

export function formatEnvironment({ environment, summaries }: Results): string {
  const { processor, cores, memoryBytes, load, versions, durability } = environment;
  const rounds = Math.min(...summaries.map((each) => each.rounds));
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cores} × ${processor}, ${Math.round(memoryBytes / 2 ** 30)} GiB; ${packages.join(", ")}. Durability: ${durability}. ${rounds} rounds; load before ${load.toFixed(1)}.`;
}

/** Medians of measures that have changed their names since begin a table of their own. */
function extendHistory(former: string, { environment, summaries }: Results): string {
  const kept = summaries.filter(({ short }) => short !== null);
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = row(["medians of", "Planaria", ...kept.map(({ short }) => short!)]);
  const { date, versions } = environment;
  const line = row([date, versions["planaria"]!, ...kept.map(({ median, unit }) => formatQuantity(median, unit))]);
  const heads = former.split("\n").filter((each) => each.startsWith("| medians of"));
  if (heads.at(-1) === head) return `${former}\n${line}`;
  const rule = row(Array(kept.length + 2).fill("---"));
  return [...(former === "" ? [] : [former, ""]), head, rule, line].join("\n");
}
