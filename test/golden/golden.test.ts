import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { isHostError, type HostError } from "../../host/base/error.ts";
import { splitSteps } from "../../host/golden/shape.ts";
import { entrySchema, type Entry, type EntryKind } from "../../host/oplog/entry.ts";
import { decodeGolden, readComponent, replayGolden, type Golden } from "../../host/testing/index.ts";
import { alterEachKind, replaceEntry, type Alteration } from "./alteration.ts";
import { foreignScenarios } from "./foreign-scenarios.ts";
import { listGoldens, listStrays, readComponents } from "./folder.ts";
import { scenarios } from "./scenarios.ts";

const components = readComponents();
const files = listGoldens().map((file) => {
  const text = readFileSync(file, "utf8");
  return { file, name: basename(file), text, golden: decodeGolden(text, basename(file)) };
});

describe("the folder of goldens", () => {
  test("has every kind of entry", () => {
    const recorded = new Set(files.flatMap(({ golden }) => golden.entries.map(({ kind }) => kind)));
    expect(recorded).toEqual(new Set(entrySchema.options.map((option) => option.entries.kind.literal)));
  });

  test("has a golden of every scenario, and each component that recorded one", () => {
    const names = files.map(({ name }) => name.replace(/\.oplog\.jsonl$/, ""));
    expect(names).toEqual(expect.arrayContaining([...Object.keys(scenarios), ...Object.keys(foreignScenarios)]));
    expect(new Set(files.map(({ golden }) => golden.header.component))).toEqual(new Set(components.keys()));
  });

  test("has nothing else", () => {
    expect(listStrays()).toEqual([]);
  });
});

describe.each(files)("$name", ({ file, text, golden }) => {
  const bytes = components.get(golden.header.component)!;

  test("replays with the component that recorded it, to the recorded memory", async () => {
    await expect(bytes).toReplay(file);
    const { failure, memory } = await replay(text, golden);
    expect(failure).toBeNull();
    expect(memory).toBe(golden.header.memory);
  });

  test("does not replay with one entry altered, of whatever kind, and says which", async () => {
    const alterations = alterEachKind(golden);
    const ends = await Promise.all(
      alterations.map(async (alteration) => {
        const { code, data } = await failureOf(replaceEntry(text, alteration), golden);
        return { ...alteration, code, at: code === "replay/mismatch" ? Number(data["index"]) : null };
      }),
    );
    expect(ends.length).toBeGreaterThan(2);
    expect(ends.filter((end) => !isExpected(golden, end))).toEqual([]);
  });
});

async function replay(text: string, { header }: Golden) {
  const component = await readComponent(components.get(header.component)!, header.memoryCapBytes);
  return replayGolden(decodeGolden(text, "this golden"), component);
}

async function failureOf(text: string, golden: Golden): Promise<HostError> {
  try {
    const { failure } = await replay(text, golden);
    if (failure) return failure;
  } catch (error) {
    if (isHostError(error)) return error;
    throw error;
  }
  throw new Error("It replays although it was altered.");
}

/** What enters the guest: facts that it did not make. */
const entering = new Set<EntryKind>([
  "stepped",
  "invoked",
  "delivered",
  "cancel-requested",
  "abandoned",
  "random-drawn",
  "observed",
]);

/** Whether an alteration came to the end that its place lets one expect; `at` is the index of a mismatch. */
function isExpected({ entries }: Golden, end: Alteration & { code: string; at: number | null }): boolean {
  const { index, recorded, altered, code, at } = end;
  // What an agent is given on its way may show in what it does.
  const isOtherwiseEquipped =
    recorded.kind === "created" &&
    altered.kind === "created" &&
    !isDeepStrictEqual(recorded.environment, altered.environment);
  if (isOtherwiseEquipped && at !== null) return at > index;
  // No replay looks at these: they must fit the header and each other, and the digest.
  if (recorded.kind === "created" || recorded.kind === "forked" || isUndone(entries, index)) {
    return code === "golden/damaged" || code === "golden/altered";
  }
  if (!entering.has(recorded.kind)) return at === index;
  // It shows in what the guest does next, or in its memory, which counts as one behind the last entry.
  // What it looked at is its own doing, and only what was seen is not.
  const first = recorded.kind === "observed" ? index : index + 1;
  if (at !== null) return first <= at && at <= entries.length;
  if (recorded.kind === "invoked") return false;
  // Of other things a guest may take no notice, and what follows may contradict them.
  return code === "golden/damaged" || code === "golden/altered";
}

function isUndone(entries: readonly Entry[], index: number): boolean {
  let end = 0;
  return splitSteps(entries).some((step) => {
    end += step.length;
    return end - step.length <= index && index < end && step.at(-1)!.kind === "trapped";
  });
}
