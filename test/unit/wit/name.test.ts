import { describe, expect, test } from "vitest";
import { canonicalNames, findFunction, functionPath, jsName } from "../../../host/wit/name.ts";
import type { WitFunction, WitWorld } from "../../../host/wit/type.ts";

const func = (name: string): WitFunction => ({ name, params: [], result: null });
const none = { interfaces: [], types: [], functions: [] };

function makeWorld(exports: Record<string, string[]>): WitWorld {
  const { "": own = [], ...others } = exports;
  const interfaces = Object.entries(others).map(([name, functions]) => ({
    name,
    types: [],
    functions: functions.map(func),
  }));
  return { imports: none, exports: { types: [], functions: own.map(func), interfaces }, unsupported: [] };
}

const world = makeWorld({
  "": ["add-two", "get"],
  "docs:adder/add@0.1.0": ["add", "get", "sum-all"],
  "docs:store/buckets@0.1.0": [
    "[constructor]big-bucket",
    "[method]big-bucket.get-all",
    "[static]big-bucket.open",
    "[method]cup.fill",
  ],
  "docs:store/buckets@0.2.0": ["[method]cup.fill", "move"],
  "in-line": ["go"],
});
const nameOf = (said: string) => findFunction(world, said).name;

describe("a function's name", () => {
  test("is canonical with the interface and its version, and without one if the world itself exports it", () => {
    expect(canonicalNames(world)).toEqual([
      "add-two",
      "get",
      "docs:adder/add@0.1.0#add",
      "docs:adder/add@0.1.0#get",
      "docs:adder/add@0.1.0#sum-all",
      "docs:store/buckets@0.1.0#[constructor]big-bucket",
      "docs:store/buckets@0.1.0#[method]big-bucket.get-all",
      "docs:store/buckets@0.1.0#[static]big-bucket.open",
      "docs:store/buckets@0.1.0#[method]cup.fill",
      "docs:store/buckets@0.2.0#[method]cup.fill",
      "docs:store/buckets@0.2.0#move",
      "in-line#go",
    ]);
    for (const name of canonicalNames(world)) expect(nameOf(name)).toBe(name);
  });

  test.each([
    ["addTwo", "add-two"],
    ["docs:adder/add#add", "docs:adder/add@0.1.0#add"],
    ["docs:adder/add#sumAll", "docs:adder/add@0.1.0#sum-all"],
    ["sumAll", "docs:adder/add@0.1.0#sum-all"],
    ["move", "docs:store/buckets@0.2.0#move"],
    ["go", "in-line#go"],
    ["bigBucket", "docs:store/buckets@0.1.0#[constructor]big-bucket"],
    ["big-bucket.get-all", "docs:store/buckets@0.1.0#[method]big-bucket.get-all"],
    ["bigBucket.getAll", "docs:store/buckets@0.1.0#[method]big-bucket.get-all"],
    ["[static]bigBucket.open", "docs:store/buckets@0.1.0#[static]big-bucket.open"],
    ["docs:store/buckets@0.2.0#cup.fill", "docs:store/buckets@0.2.0#[method]cup.fill"],
  ])("may be said as %s", (said, name) => {
    expect(nameOf(said)).toBe(name);
  });

  test("that the world itself exports comes before the same one in an interface", () => {
    expect(nameOf("get")).toBe("get");
    expect(findFunction(world, "get").interface).toBe(null);
    expect(findFunction(world, "docs:adder/add#get").interface).toBe(world.exports.interfaces[0]);
  });

  test.each(["cup.fill", "docs:store/buckets#cup.fill", "[method]cup.fill"])(
    "%s is refused, for two have it",
    (said) => {
      expect(() => nameOf(said)).toThrow(
        expect.objectContaining({
          code: "rpc/ambiguous-name",
          message: expect.stringMatching(
            /\n {2}docs:store\/buckets@0\.1\.0#\S*cup\.fill\n {2}docs:store\/buckets@0\.2\.0#\S*cup\.fill$/,
          ),
        }),
      );
    },
  );

  test.each([
    ["addTow", "Did you mean addTwo?"],
    ["docs:adder/add#ad", "Did you mean docs:adder/add#add?"],
    ["docs:adder/add@0.2.0#add", "Did you mean docs:adder/add@0.1.0#add?"],
    ["zzzzzzzzzzz", `There is ${canonicalNames(world).join(", ")}.`],
    ["", `There is ${canonicalNames(world).join(", ")}.`],
    ["add two", "Did you mean add-two?"],
  ])("%j is refused, for none has it", (said, hint) => {
    expect(() => nameOf(said)).toThrow(
      expect.objectContaining({
        code: "rpc/unknown-function",
        message: `There is no function ${JSON.stringify(said)}. ${hint}`,
      }),
    );
  });

  test("of many is refused with some of them", () => {
    const many = makeWorld({ "": Array.from({ length: 40 }, (_, index) => `function-${index}`) });
    expect(() => findFunction(many, "x")).toThrow(/There is function-0, .*function-11 and 28 more\.$/);
  });
});

test("a function is reached in the glue's exports by the names that jco gives", () => {
  expect(canonicalNames(world).map((name) => functionPath(findFunction(world, name)).slice(-3).join(" "))).toEqual([
    "addTwo",
    "get",
    "docs:adder/add@0.1.0 add",
    "docs:adder/add@0.1.0 get",
    "docs:adder/add@0.1.0 sumAll",
    "docs:store/buckets@0.1.0 BigBucket $new",
    "docs:store/buckets@0.1.0 BigBucket getAll",
    "docs:store/buckets@0.1.0 BigBucket open",
    "docs:store/buckets@0.1.0 Cup fill",
    "docs:store/buckets@0.2.0 Cup fill",
    "docs:store/buckets@0.2.0 move",
    "inLine go",
  ]);
  expect(["get-HTTP3", "[method]big-bucket.get-all", "[constructor]cup"].map(jsName)).toEqual([
    "getHttp3",
    "BigBucket",
    "Cup",
  ]);
});
