import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listRows, listShown, namesIn } from "./shown.ts";

const root = join(import.meta.dirname, "..");
const threats = readFileSync(join(root, "THREATS.md"), "utf8");

const shown = listShown(threats);
const rows = listRows(threats);

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
