import type { Environment } from "./environment.ts";
import type { FlatnessSummary, Summary } from "./summary.ts";
import { formatFlatness, formatQuantity, formatSummaries, formatTable } from "./table.ts";

/** What `RESULTS.md` is made of. */
export interface Results {
  environment: Environment;
  summaries: Summary[];
  flatness: FlatnessSummary[];
}

const historyTitle = "## History";

/** The file's text: the newest run in full, and a line for each run that there ever was. */
export function formatResults(results: Results, former: string): string {
  const { environment, summaries, flatness } = results;
  const lines = [...readHistory(former), historyLine(results)];
  return [
    "# Results",
    "Written by `npm run bench`: not to be edited. Absolute times are one machine's; the floors beside them were taken in the same run, in turns.",
    `## ${environment.date}`,
    formatEnvironment(environment, summaries),
    formatSummaries(summaries),
    flatness.map((each) => `* ${formatFlatness(each)}`).join("\n"),
    historyTitle,
    "Medians.",
    formatTable(["date", "versions", ...historyColumns(summaries)], lines),
    "",
  ].join("\n\n").trimEnd() + "\n";
}

export function formatEnvironment({ processor, cores, memoryBytes, versions, durability }: Environment, summaries: readonly Summary[]): string {
  const rounds = Math.max(...summaries.map((each) => each.rounds));
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `${cores} × ${processor}, ${Math.round(memoryBytes / 2 ** 30)} GiB; ${packages}. Durability: ${durability}. ${rounds} rounds.`;
}
