import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listRows, listShown, namesIn } from "./shown.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "COMPONENTS.md"), "utf8");
const [, section] = /^## What of WASI 0\.2 and WIT there is\n([^]*?)^## /m.exec(page)!;
const rows = listRows(section!);
const shown = listShown(section!);

describe("COMPONENTS.md", () => {
  test("says of every part of WASI and WIT what shows it", () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => listShown(row).length !== 1)).toEqual([]);
  });

  test.each(shown)("names a test that is there: $file $name", ({ file, name }) => {
    expect([...namesIn(readFileSync(join(root, file), "utf8"))]).toContain(name);
  });
});
