import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readWorld, transpile } from "../../../host/component/transpile.ts";
import type { Handles } from "../../../host/wit/handle.ts";
import { findFunction, functionPath } from "../../../host/wit/name.ts";
import type { WitWorld } from "../../../host/wit/type.ts";
import { readArguments, writeValue } from "../../../host/wit/value.ts";
import { buildWat } from "../../components/wat.ts";
import { someValue } from "./some-value.ts";

/** What the guest gives back as a list of: every kind of type, and those that jco treats apart. */
const echoed = [
  ...["bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "char", "string"],
  ...["list<u8>", "list<u64>", "list<string>", "tuple<u8, string>", "option<u8>", "option<option<string>>"],
  ...["option<maybe>", "option<option<option<u8>>>", "option<result<u8, string>>", "result", "result<u8, string>"],
  ...["result<option<u8>>", "result<_, u64>", "entry", "shape", "colour", "rights"],
];

const wit = `package docs:test@1.2.3;
interface values {
  record entry { big-one: u64, label: option<string>, HTTP-on: bool, %constructor: option<option<u8>> }
  variant shape { point, two-d(tuple<u8, u8>), %tag(string), delete(option<entry>) }
  enum colour { red, dark-blue, %constructor, delete }
  flags rights { may-read, write, %constructor }
  type maybe = option<u8>;
  ${echoed.map((type, index) => `echo${index}: func(x: list<${type}>) -> list<${type}>;`).join("\n  ")}
}
interface buckets {
  resource big-bucket { constructor(n: u32); get-it: func() -> u32; open-it: static func(n: u32) -> big-bucket; }
  delete: func(it: borrow<big-bucket>) -> u32;
}
world test {
  export values;
  export buckets;
  export add-two: func(a: u32) -> u32;
  export delete: func() -> u32;
  export in-line: interface { go-on: func() -> u32; }
}`;

const [values, buckets] = ["docs:test/values@1.2.3", "docs:test/buckets@1.2.3"];
const wat = `(module
  (import "[export]${buckets}" "[resource-new]big-bucket" (func $new (param i32) (result i32)))
  (memory (export "memory") 16)
  (global $end (mut i32) (i32.const 1024))
  (func $echo (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
  ${echoed.map((_, index) => `(export "${values}#echo${index}" (func $echo))`).join("\n  ")}
  (func (export "add-two") (param i32) (result i32) (i32.add (local.get 0) (i32.const 2)))
  (func $seven (export "delete") (result i32) (i32.const 7))
  (export "in-line#go-on" (func $seven))
  (func $make (param i32) (result i32) (i32.store (i32.const 32) (local.get 0)) (call $new (i32.const 32)))
  (export "${buckets}#[constructor]big-bucket" (func $make))
  (export "${buckets}#[static]big-bucket.open-it" (func $make))
  (func $get (param i32) (result i32) (i32.load (local.get 0)))
  (export "${buckets}#[method]big-bucket.get-it" (func $get))
  (export "${buckets}#delete" (func $get))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $end) (i32.const 15)) (i32.const -16)))
    (global.set $end (i32.add (local.get $at) (local.get 3)))
    ;; What was there before is of no more use to anybody.
    (if (i32.gt_u (global.get $end) (i32.const 1000000)) (then (global.set $end (i32.const 1024))))
    (local.get $at)))`;

let world: WitWorld;
let exported: Record<string, unknown>;
const objects: object[] = [];
const handles: Handles = { give: (_, handle) => objects[handle]!, take: (_, object) => objects.push(object) - 1 };

beforeAll(async () => {
  const bytes = await buildWat(wat, wit, "test");
  world = (await readWorld(bytes, new Set()))!;
  const { glue, modules } = await transpile(bytes, world, new Set());
  const { instantiate } = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(glue)}`);
  exported = await instantiate(
    (name: string) => new WebAssembly.Module(modules[name]! as Uint8Array<ArrayBuffer>),
    {},
    (module: WebAssembly.Module, imports?: object) => new WebAssembly.Instance(module, imports),
  );
});

type Function = (this: unknown, ...args: unknown[]) => unknown;

/** Calls an export as the host does, by a name and JSON, and gives what it returned as JSON. */
async function call(said: string, args: string): Promise<string> {
  const found = findFunction(world, said);
  const path = functionPath(found);
  const read = readArguments(found.func, args, handles);
  const holder = found.name.includes("[method]")
    ? read.shift()
    : path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], exported);
  const result = await (holder as Record<string, Function>)[path.at(-1)!]!(...read);
  return writeValue(found.func.result, result, handles);
}

describe("through jco's glue", () => {
  test.each(echoed.map((type, index) => [type, `echo${index}`]))(
    "a list<%s> comes back as it went in, by Base64 or as an array",
    async (_, name) => {
      const { type } = findFunction(world, name).func.params[0]!;
      await fc.assert(
        fc.asyncProperty(someValue(type), async (value) => {
          const json = writeValue(type, value, handles);
          const returned = await call(name, `[${json}]`);
          expect(returned).toBe(json);
          const [again] = readArguments(findFunction(world, name).func, `[${returned}]`, handles);
          expect(isDeepStrictEqual(again, value)).toBe(true);
        }),
        { numRuns: 15 },
      );
    },
  );

  test("functions of the world, of interfaces with and without a package are reached, whatever they are called", async () => {
    expect(await call("addTwo", "[40]")).toBe("42");
    expect(await call("delete", "[]")).toBe("7");
    expect(await call("in-line#go-on", "[]")).toBe("7");
  });

  test("constructors, methods and static functions of resources are reached, and so is what takes one", async () => {
    const made = await call("bigBucket", "[5]");
    expect(made).toBe(`{"resource":"${buckets}/big-bucket","handle":0}`);
    expect(await call("big-bucket.get-it", `[${made}]`)).toBe("5");
    const opened = await call("bigBucket.openIt", "[6]");
    expect(await call("docs:test/buckets#delete", `[${opened}]`)).toBe("6");
  });
});
