import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isHostError } from "../../../host/base/error.ts";
import { decodeGolden } from "../../../host/golden/golden.ts";
import { replayGolden } from "../../../host/golden/record.ts";
import { readComponent } from "../../../host/testing/read-component.ts";
import { goldenEnding, goldenFolder, readComponents } from "../../golden/folder.ts";

// Each of these draws on a part of the format: outcomes and cancels, inherited entries and randomness, undone steps,
// failures with their stacks.
const texts = ["ask-either", "gambler-fork", "stuntman", "transfer-failed"].map((name) =>
  readFileSync(join(goldenFolder, `${name}${goldenEnding}`), "utf8"),
);
const components = readComponents();

/** What becomes of a golden file: "replays", or the code of the error. */
async function replay(text: string): Promise<string> {
  try {
    const golden = decodeGolden(text, "altered.jsonl");
    // A component that there is not is refused before, and a cap of its own for each would take a second each.
    const { failure } = await replayGolden(golden, await readComponent(components.get(golden.header.component)!));
    return failure?.code ?? "replays";
  } catch (error) {
    if (isHostError(error)) return error.code;
    throw error;
  }
}

const refusals = /^(?:golden|oplog|replay)\//;

/** Lines in another order or number, under a header that counts them as they are. */
function recount(lines: readonly string[]): string {
  const [header, ...entries] = lines;
  return [header!.replace(/"entries":\d+/, `"entries":${entries.length}`), ...entries, ""].join("\n");
}

const anyText = fc.constantFrom(...texts);
const linesOf = (text: string) => text.split("\n").slice(0, -1);

test("a golden with any character altered is refused, or found not to replay", async () => {
  const property = fc.asyncProperty(anyText, fc.nat(), fc.integer({ min: 1, max: 127 }), async (text, place, flip) => {
    const at = place % text.length;
    const altered = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ flip) + text.slice(at + 1);
    expect(await replay(altered)).toMatch(refusals);
  });
  await fc.assert(property, { numRuns: 200 });
});

test("a golden with lines lost, repeated or in another order is, too", async () => {
  const edit = fc.record({ from: fc.nat(), lost: fc.nat(3), to: fc.nat(), repeated: fc.nat(3) });
  const property = fc.asyncProperty(anyText, edit, async (text, { from, lost, to, repeated }) => {
    const lines = linesOf(text);
    const at = 1 + (from % (lines.length - 1));
    const rest = lines.toSpliced(at, lost);
    const altered = rest.toSpliced(1 + (to % rest.length), 0, ...lines.slice(at, at + repeated));
    fc.pre(altered.join() !== lines.join() && altered.length > 1);
    expect(await replay(recount(altered))).toMatch(refusals);
  });
  await fc.assert(property, { numRuns: 60 });
});

test("a golden with a field of another golden in the place of its own is, too", async () => {
  const fields = texts.flatMap((text) => text.match(/(?<=":)(?:\d+|"(?:[^"\\]|\\.)*")/g)!);
  const property = fc.asyncProperty(anyText, fc.nat(), fc.constantFrom(...fields), async (text, place, field) => {
    const own = [...text.matchAll(/(?<=":)(?:\d+|"(?:[^"\\]|\\.)*")/g)];
    const { index, 0: replaced } = own[place % own.length]!;
    fc.pre(replaced !== field);
    expect(await replay(text.slice(0, index) + field + text.slice(index + replaced.length))).toMatch(refusals);
  });
  await fc.assert(property, { numRuns: 200 });
});

test("a step that is said to have ended, and traps, is a mismatch where it traps", async () => {
  const [header, ...lines] = linesOf(texts[2]!);
  const trap = lines.findIndex((line) => line.includes('"trapped"'));
  const ended = lines.with(trap, '{"kind":"finished","invocation":1,"outcome":{"value":"null"}}');
  const golden = decodeGolden([header, ...ended, ""].join("\n"), "altered.jsonl");
  const { failure } = await replayGolden(golden, await readComponent(components.get(golden.header.component)!));
  expect(failure).toMatchObject({ code: "replay/mismatch", data: { index: trap, attempted: { kind: "trapped" } } });
});

test("the same goldens replay as they are", async () => {
  expect(await Promise.all(texts.map(replay))).toEqual(texts.map(() => "replays"));
});
