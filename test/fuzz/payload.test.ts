import fc from "fast-check";
import { expect, test } from "vitest";
import { engine, Scene } from "../unit/scheduler/scene.ts";
import { expectAlways, patienceMs } from "./fuzz.ts";

const value = fc.jsonValue({ stringUnit: "binary", maxDepth: 4 });
/** What is special to JavaScript and not to JSON. */
const odd = fc.constantFrom(
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}},"toJSON":"x","then":"y"}',
  '["\\ud800","\\u0000","\\u2028"]',
  '{"operation":1,"value":2,"error":{"name":"Error"}}',
  "[[[[[[[[[[1]]]]]]]]]]",
  "1e308",
  '{"":{"0":[],"length":5}}',
);

test("what JSON can carry goes through calls, promises and runs unchanged", { timeout: patienceMs }, async () => {
  await using node = await new Scene().open({ guest: engine });
  const body = `
    const id = promise.create();
    await promise.complete(id, args[0]);
    const ran = await run(act, "return args[0]", args[0]);
    const called = await rpc(act, ["return args[0]", args[0]]);
    return [args[0], await promise.await(id), ran, called, "polluted" in {}]`;
  const some = fc.oneof({ arbitrary: value.map((each) => JSON.stringify(each)), weight: 3 }, odd);
  await expectAlways(
    fc.asyncProperty(some, async (text) => {
      const [first, ...others] = (await node.act("act", body, JSON.parse(text))) as unknown[];
      const same = JSON.stringify(JSON.parse(text));
      expect(JSON.stringify(first)).toBe(same);
      expect(others.map((other) => JSON.stringify(other))).toEqual([same, same, same, "false"]);
    }),
    40,
  );
});

test("what JSON can't carry is refused by name, and the agent goes on", { timeout: patienceMs }, async () => {
  await using node = await new Scene().open({ guest: engine });
  const unfit = fc.constantFrom("() => 1", "Symbol('s')", "10n", "(() => { const a = {}; a.a = a; return a; })()");
  const place = fc.constantFrom("X", "[1, X]", "{ a: { b: X } }", "[[[X]]]");
  const use = fc.constantFrom(
    "return X",
    "return rpc(act, ['return 1', X])",
    "return promise.complete(promise.create(), X)",
    "return run(act, 'return 1', X)",
  );
  await expectAlways(
    fc.asyncProperty(unfit, place, use, async (what, where, how) => {
      const body = how.replace("X", `(${where.replace("X", what)})`);
      await expect(node.act('actor("a")', body)).rejects.toMatchObject({ code: "guest/not-json" });
      expect(await node.act('actor("a")', "return 1")).toBe(1);
    }),
    40,
  );
});
