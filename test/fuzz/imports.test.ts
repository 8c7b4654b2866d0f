import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unlimited } from "../../host/agent/executor.ts";
import { applyEntry, decodeState, encodeState, makeState } from "../../host/agent/state.ts";
import { trapFailure } from "../../host/agent/step.ts";
import { agentId } from "../../host/base/id.ts";
import { compileComponent } from "../../host/component/compile.ts";
import { instantiate, type Instance } from "../../host/component/instance.ts";
import { StepLimit } from "../../host/executor/step-limit.ts";
import { Imports } from "../../host/imports/imports.ts";
import { decodeStep, encodeStep } from "../../host/oplog/codec.ts";
import type { Entry } from "../../host/oplog/entry.ts";
import { Recorder, Replayer, type Journal } from "../../host/replay/journal.ts";
import { buildCoreGuest, coreImports, program } from "./core-guest.ts";
import { expectAlways, patienceMs } from "./fuzz.ts";

const compiled = await compileComponent(await buildCoreGuest(), { cacheFolder: null, memoryCapBytes: 2 ** 24 });
const agent = agentId("core()");
const imports = new Imports();
let instance: Instance | null = null;
/** The memory that every call begins with. */
let fresh: Uint8Array | null = null;

/** Lets the guest call an import with these words; what it finds in memory, texts and records, is `bytes`. */
async function call(journal: Journal, which: number, words: readonly bigint[], bytes: Uint8Array): Promise<unknown> {
  instance ??= await instantiate(compiled, imports.functions);
  const memory = instance.memories[0]!.buffer;
  fresh ??= new Uint8Array(memory).slice();
  new Uint8Array(memory).set(fresh);
  const view = new DataView(memory);
  view.setUint32(program, which, true);
  for (const [index, word] of words.entries()) view.setBigUint64(program + 8 * (index + 1), word, true);
  new Uint8Array(memory).set(bytes, recordAt);
  imports.enter(agent, journal);
  try {
    await instance.invoke("{}");
    return null;
  } catch (error) {
    instance = null;
    return error;
  } finally {
    imports.leave();
  }
}

/** Where records lie in memory, and behind them the texts. */
const recordAt = 2_048;
const textAt = 4_096;
const texts = ["[]", '{"a":1}', "core()", 'core()"', "http://a/", "GET", "__proto__", "\0", "\u{1f600}"];
const library = Buffer.from(texts.join(""));
/** The address and the length of a text. */
const reference = fc.constantFrom(...texts).map((text) => {
  const at = textAt + library.indexOf(text);
  return [BigInt(at), BigInt(Buffer.byteLength(text))];
});
const odd = fc.constantFrom(8n, BigInt(recordAt), 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 262_143n, 2n ** 64n - 1n);
/** Words of 32 bits, as they follow upon each other where a guest means well, or does not. */
const words = fc
  .array(
    fc.oneof(
      { arbitrary: reference, weight: 4 },
      { arbitrary: fc.bigInt({ min: 0n, max: 3n }).map((word) => [word]), weight: 4 },
      { arbitrary: fc.oneof(odd, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((word) => [word]), weight: 1 },
      {
        arbitrary: fc.constantFrom(Number.NaN, -0, 1, Infinity, -1, 1e308).map(wordsOfFloat),
        weight: 1,
      },
    ),
    { maxLength: 16 },
  )
  .map((chunks) => chunks.flat());

function wordsOfFloat(number: number): bigint[] {
  return [...new Uint32Array(Float64Array.of(number).buffer)].map(BigInt);
}

function layOut(record: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(textAt - recordAt + library.length);
  for (const [index, word] of record.entries()) bytes.writeUInt32LE(Number(word & 0xffff_ffffn), index * 4);
  bytes.set(library, textAt - recordAt);
  return bytes;
}

const limits = { ...unlimited, payloadBytes: 65_536, stepBytes: 65_536 };
const random = { bytes: (count: number) => new Uint8Array(count) };

describe("an import that core Wasm calls with anything at all", () => {
  test(
    "notes an entry that reads and replays as what was done, or traps the guest with a failure",
    { timeout: patienceMs },
    async () => {
      const noted = new Set<string>();
      const someImport = fc.nat(coreImports.length - 1);
      await expectAlways(
        fc.asyncProperty(someImport, words, words, async (which, args, record) => {
          const bytes = layOut(record);
          // Where one call has too many parameters for Wasm, they are a record.
          const isLong = /^(?:call-|fetch)/.test(coreImports[which]!.name);
          const given = isLong ? [BigInt(recordAt)] : args.slice(0, 8);
          const journal = new Recorder({ at: 7, operations: 3, random, limit: new StepLimit(agent, 0, limits) });
          const error = await call(journal, which, given, bytes);
          if (error !== null) expect(JSON.parse(trapFailure(error, null)).code).toMatch(/^guest\//);
          const entries: Entry[] = [{ kind: "stepped", at: 7 }, ...journal.entries];
          const read = decodeStep(encodeStep(entries), { agent, first: 1 });
          expect(isDeepStrictEqual(read, entries), encodeStep(entries)).toBe(true);
          const state = makeState(agent);
          for (const entry of read) applyEntry(state, entry);
          expect(decodeState(encodeState(state))).toEqual(state);
          if (error !== null) return;
          const replayer = new Replayer({ at: 7, operations: 3, recorded: read.slice(1), first: 2 });
          expect(await call(replayer, which, given, bytes)).toBeNull();
          replayer.end();
          expect(replayer.mismatch).toBeNull();
          for (const { kind } of journal.entries) noted.add(kind);
        }),
        3_000,
      );
      // Else the words would never come near anything that an import takes.
      // Else the words would not come near to what imports take.
      expect(noted.size).toBeGreaterThan(8);
    },
  );

  test("takes the longest span, and no more randomness than there is", async () => {
    const numberOf = (name: string) => coreImports.findIndex((each) => each.name === name);
    const journal = new Recorder({ at: 7, operations: 0, random });
    expect(await call(journal, numberOf("sleep"), [2n ** 64n - 1n], Buffer.alloc(0))).toBeNull();
    expect(journal.entries).toEqual([{ kind: "sleep-started", operation: 1, spanMs: 9_000_000_000_000 }]);
    const drawn = await call(journal, numberOf("bytes"), [2n ** 32n - 1n, 0n], Buffer.alloc(0));
    expect(drawn).toMatchObject({ code: "guest/invalid-argument" });
  });

  test("reads text that is no UTF-8 the same at every replay", async () => {
    const which = coreImports.findIndex(({ name }) => name === "log");
    const bytes = Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff, 0x41]);
    const journal = new Recorder({ at: 7, operations: 0, random });
    const error = await call(journal, which, [1n, BigInt(recordAt), 7n], bytes);
    if (error !== null) return expect(JSON.parse(trapFailure(error, null)).code).toBe("guest/trap");
    const [entry] = journal.entries;
    expect(entry).toMatchObject({ kind: "logged", level: "info", message: expect.stringMatching(/^\ufffd.*A$/) });
    expect((entry as { message: string }).message.isWellFormed()).toBe(true);
  });

  test.each([
    ["an address behind the end", 0xffff_fff0n, 8n],
    ["a length of four gigabytes", BigInt(recordAt), 0xffff_ffffn],
  ])("traps a guest that gives it %s", async (_, at, length) => {
    const which = coreImports.findIndex(({ name }) => name === "log");
    const error = await call(new Recorder({ at: 7, operations: 0, random }), which, [1n, at, length], Buffer.alloc(0));
    expect(JSON.parse(trapFailure(error, null))).toMatchObject({ name: "TrapError", code: "guest/trap" });
  });
});
