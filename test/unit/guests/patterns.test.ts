import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const page = readFileSync("PATTERNS.md", "utf8");
const squeeze = (text: string) => text.replace(/\s+/g, " ");

interface Row {
  guest: string;
  code: string;
  run: string;
}

/** The rows that name a pattern: a line of a guest's code, and a line that runs it. */
const rows: Row[] = page.split("\n").flatMap((line) => {
  const [, , ours, run] = /^\| (.*) \| (.*) \| `planaria (.*)` \|$/.exec(line) ?? [];
  if (run === undefined) return [];
  const guest = /^run guests\/(\S+) /.exec(run)![1]!;
  return [{ guest, code: /`([^`]+)`/.exec(ours!)![1]!, run }];
});

test("PATTERNS.md quotes guests as they are, and lines that their READMEs run", () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const { guest, code, run } of rows) {
    expect(squeeze(readFileSync(`guests/${guest}/index.ts`, "utf8"))).toContain(code);
    expect(readFileSync(`guests/${guest}/README.md`, "utf8")).toContain(` npx planaria ${run}\n`);
  }
});

test("the links in PATTERNS.md lead somewhere", () => {
  const targets = [...page.matchAll(/\]\(([^)]+)\)/g)].map((found) => found[1]!);
  expect(targets.length).toBeGreaterThan(15);
  expect(targets.filter((target) => !existsSync(target))).toEqual([]);
});

test("the costs in PATTERNS.md are those of the results that it names", () => {
  const [, when] = /Medians of ([\d-]+ [\d:]+) in/.exec(page)!;
  const results = readFileSync("test/bench/RESULTS.md", "utf8");
  const [head, , ...measured] = results
    .slice(results.indexOf("## History"))
    .split("\n")
    .filter((line) => line.startsWith("|"));
  expect(head).toBeDefined();
  const row = measured.findLast((line) => line.startsWith(`| ${when} `));
  expect(row).toBeDefined();
  for (const [told, cost] of [
    ["| 179 µs a call |", "| 179 µs |"],
    ["| 165 µs each, new ones |", "| 165 µs |"],
    ["| 156 µs each |", "| 156 µs |"],
    ["| 54 µs |", "| 54.4 µs |"],
    ["| 20 µs each |", "| 19.9 µs |"],
    ["the copy itself 0.28 ms", "| 284 µs |"],
  ]) {
    expect(page).toContain(told);
    expect(row).toContain(cost);
  }
});
