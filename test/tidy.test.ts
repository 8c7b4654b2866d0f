import { readFileSync, globSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** From the bottom up: a room may import from lower levels and from itself. */
const levels = [
  ["base"],
  ["oplog"],
  ["http", "replay", "snapshot", "store", "wit"],
  ["wasi"],
  ["imports", "system"],
  ["component"],
  ["agent"],
  ["executor", "scheduler"],
  ["golden"],
  ["open-host.ts"],
  ["index.ts"],
  ["cli", "testing"],
];
/** Where the parts are put together: concrete stores, clocks and the environment may be named here. */
const compositionRoots = /^host\/(?:cli\/|testing\/|system\/|index\.ts|open-host\.ts|executor\/worker\.ts)/;
const impure =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval)\b|\bperformance\.now\b|\bprocess\.env\b/;

const sources = globSync("host/**/*.ts", { cwd: root }).map(
  (file) => [file, readFileSync(join(root, file), "utf8")] as const,
);

const roomOf = (file: string) => file.split("/")[1]!;
const levelOf = (file: string) => levels.findIndex((rooms) => rooms.includes(roomOf(file)));

/** Where a thread's end may not break it off; streams are the host's own thread's. */
const compression = "host/base/compression.ts";
const compresses = /\b(?:zstd|deflate|gzip|brotli|inflate|gunzip|unzip)\w*Sync\b/;

/** Edges of host/ that run uphill or sideways, or to a concrete store from where none may be named. */
function findBadEdges(file: string, text: string): string[] {
  const imports = [...text.matchAll(/(?:\bfrom|\bimport|\bnew URL)\s*\(?\s*"(\.[^"]+)"/g)];
  const targets = imports
    .map((found) => posix.join(posix.dirname(file), found[1]!))
    .filter((path) => path.startsWith("host/"));
  return targets
    .filter((target) => {
      const isUphill = roomOf(target) !== roomOf(file) && levelOf(target) >= levelOf(file);
      const isConcreteStore = /^host\/store\/\w+-store\.ts$/.test(target) && roomOf(file) !== "store";
      return isUphill || levelOf(target) < 0 || (isConcreteStore && !compositionRoots.test(file));
    })
    .map((target) => `${file} → ${target}`);
}

/** Lines that read the time, chance or the environment past the ports. */
function findImpureLines(file: string, text: string): string[] {
  if (compositionRoots.test(file)) return [];
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, (comment) => comment.replace(/[^\n]/g, " "));
  return code.split("\n").flatMap((line, index) => (impure.test(line) ? `${file}:${index + 1} ${line.trim()}` : []));
}

describe("the rooms of host/", () => {
  test("import one way, and name concrete stores at the top only", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.flatMap(([file, text]) => findBadEdges(file, text))).toEqual([]);
  });

  test("compress in one place, where the end of a thread does not break it off", () => {
    expect(sources.filter(([, text]) => compresses.test(text)).map(([file]) => file)).toEqual([compression]);
  });

  test("have time, chance and the environment from ports only", () => {
    expect(sources.flatMap(([file, text]) => findImpureLines(file, text))).toEqual([]);
  });
});

describe("this test", () => {
  test("finds an edge that runs uphill, one that runs sideways, and a concrete store", () => {
    expect(findBadEdges("host/base/a.ts", 'import { b } from "../oplog/b.ts";')).toEqual([
      "host/base/a.ts → host/oplog/b.ts",
    ]);
    expect(findBadEdges("host/store/a.ts", 'await import("../replay/b.ts")')).toEqual([
      "host/store/a.ts → host/replay/b.ts",
    ]);
    expect(findBadEdges("host/agent/a.ts", 'export * from "../store/memory-store.ts";')).toHaveLength(1);
    expect(findBadEdges("host/cli/a.ts", 'import "../store/memory-store.ts"; import "../agent/b.ts";')).toEqual([]);
  });

  test("finds a clock in code, not in comments", () => {
    expect(findImpureLines("host/agent/a.ts", "// Date.now()\nconst at = Date.now();")).toEqual([
      "host/agent/a.ts:2 const at = Date.now();",
    ]);
    expect(findImpureLines("host/agent/a.ts", "/** setTimeout */\nnew Date(at)")).toEqual([]);
  });
});
