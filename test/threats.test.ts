import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const threats = readFileSync(join(root, "THREATS.md"), "utf8");

/** Where a line of the document says that it is shown: `file` "name". */
const shown = [...threats.matchAll(/`(test\/[\w/-]+\.test\.ts)` "([^"]+)"/g)].map(([, file, name]) => ({
  file: file!,
  name: name!,
}));

/** The lines of tables that are about a threat: neither heads nor rules. */
const rows = threats.split("\n").filter((line, index, lines) => {
  const isHead = lines[index + 1]?.startsWith("| ---");
  return line.startsWith("| ") && !line.startsWith("| ---") && !isHead;
});

/** The names that a file gives its tests, those of tables as they are written. */
const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/(?:\btest\(|\]\)?\(|^\s*)\s*"((?:[^"\\]|\\.)+)"/gm)].map(([, name]) => name!));

describe("THREATS.md", () => {
  test("says of every threat what shows it", () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !/`test\/[\w/-]+\.test\.ts` "[^"]+" \|$/.test(row))).toEqual([]);
    expect(shown.length).toBe(rows.length);
  });

  test.each(shown)("names a test that is there: $file $name", ({ file, name }) => {
    expect([...namesIn(readFileSync(join(root, file), "utf8"))]).toContain(name);
  });
});

test("a name is found where tests are named, and nowhere else", () => {
  const text =
    'test("one", () => {});\ntest.each([["x"]])("two %s", f);\n  test(\n    "three",\n{}, g);\nconst a = "four";\n// "five"';
  const names = [...namesIn(text)];
  expect(names).toEqual(expect.arrayContaining(["one", "two %s", "three"]));
  expect(names).not.toContain("four");
  expect(names).not.toContain("five");
});
