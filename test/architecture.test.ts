import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const files = globSync("test/**/*.test.ts", { cwd: root });

interface Row {
  killed: string;
  /** The name of a test file, and what a test or a group of tests is called there. */
  file: string;
  name: string;
}

/** The rows of the table of what happens when a process is killed. */
function readRows(text: string): Row[] {
  const [, section = ""] = text.split("## Killed here, then…");
  const [, ...rows] = section
    .split("\n## ")[0]!
    .split("\n")
    .filter((line) => /^\| (?!---)/.test(line));
  return rows.map((line) => {
    const [, killed = "", , tested = ""] = line.split("|").map((cell) => cell.trim());
    const [, file = "", name = ""] = /^`([^`]+)`: (.+)$/.exec(tested) ?? [];
    return { killed, file, name };
  });
}

/** Rows whose test there is not, or is not to be told from another one by its file. */
function findUntested(rows: readonly Row[]): string[] {
  return rows.flatMap(({ killed, file, name }) => {
    const [found, ...others] = files.filter((path) => path.endsWith(`/${file}`));
    if (!found || others.length > 0) return [`${killed}: there is no one file ${file}`];
    const has = name !== "" && readFileSync(join(root, found), "utf8").includes(`"${name}"`);
    return has ? [] : [`${killed}: ${found} has no test ${name}`];
  });
}

const rows = readRows(readFileSync(join(root, "ARCHITECTURE.md"), "utf8"));

describe("ARCHITECTURE.md, where it says what happens when a process is killed,", () => {
  test("names tests that there are", () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(findUntested(rows)).toEqual([]);
  });

  test("would be found out with one that there is not, in a file or as a file, or with none", () => {
    const [row] = rows as [Row];
    expect(findUntested([{ ...row, name: "does everything twice" }])).toHaveLength(1);
    expect(findUntested([{ ...row, file: "nowhere.test.ts" }])).toHaveLength(1);
    expect(
      findUntested(readRows("## Killed here, then…\n| a | b | c |\n| --- | --- | --- |\n| here | then | |\n")),
    ).toHaveLength(1);
  });
});
