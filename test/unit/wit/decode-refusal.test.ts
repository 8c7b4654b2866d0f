import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeSection } from "../../../host/component/wasm-binary.ts";
import { decodeWorld, refuseUnsupported } from "../../../host/wit/decode.ts";
import { printWorld } from "../../../host/wit/print.ts";
import { expectAlways, valueOrRefusal } from "../../fuzz/fuzz.ts";
import { makeComponent } from "./component.ts";

const refuse = (bytes: Uint8Array) => () => decodeWorld(bytes);
const unsupportedOf = async (wat: string) => decodeWorld(await parse(wat)).unsupported;
const withByte = (bytes: Uint8Array, at: number, byte: number) =>
  bytes.map((each, index) => (index === at ? byte : each));

describe("a binary that is no component", () => {
  test("is refused for what it is", async () => {
    expect(refuse(Buffer.from("export const a = 1"))).toThrow(expect.objectContaining({ code: "component/not-wasm" }));
    expect(refuse(new Uint8Array())).toThrow(expect.objectContaining({ code: "component/not-wasm" }));
    expect(refuse(await parse("(module)"))).toThrow(expect.objectContaining({ code: "component/not-a-component" }));
  });

  test("is refused with the version that it is encoded in, and what to do", async () => {
    const bytes = await parse("(component)");
    expect(refuse(withByte(bytes, 4, 0x0a))).toThrow(/version 0x0a, layer 1, .* reads version 0x0d.*tools of 2024/);
    expect(refuse(withByte(bytes, 4, 0x0e))).toThrow(/version 0x0e.*newer than this host/);
    expect(refuse(withByte(bytes, 6, 2))).toThrow(expect.objectContaining({ code: "component/encoding" }));
  });
});

describe("a feature that cannot be run", () => {
  test("is named with the function or type that has it", async () => {
    const wit = `package my:app@0.1.0;
      interface tasks { wait: async func(); read: func() -> stream<u8>; type later = future<string>; plain: func(); }
      world w { import tasks; export tasks; export go: func(of: list<future>); }`;
    const world = decodeWorld(await makeComponent(wit));
    const functions = ["my:app/tasks@0.1.0#wait: an async function", "my:app/tasks@0.1.0#read: a stream"];
    // What nothing of an import uses is left out when a component is made.
    expect(world.unsupported.filter((each) => !each.includes("at byte"))).toEqual([
      ...functions,
      "export go: a future",
      "my:app/tasks@0.1.0#later: a future",
      ...functions,
    ]);
    expect(world.imports.interfaces[0]!.functions).toEqual([
      { name: "wait", params: [], result: null, isAsync: true },
      { name: "plain", params: [], result: null },
    ]);
  });

  test("is named with its place if it is a built-in, each of them", async () => {
    const wat = `(component
      (core func (canon thread.yield)) (core func (canon thread.index)) (core func (canon context.get i32 0)) (core func (canon subtask.cancel async))
      (core func (canon task.return (result string))) (core func (canon backpressure.inc)) (core func (canon waitable.join))
      (type $s (stream u8)) (core func (canon stream.new $s)) (core func (canon future.drop-readable $s)))`;
    const found = await unsupportedOf(wat);
    expect(found.map((each) => each.replace(/at byte \d+$/, "at byte N"))).toEqual(
      // The others are of every runtime that knows tasks.
      ["thread.index", "stream.new", "future.drop-readable"].map((name) => `the built-in ${name}, at byte N`),
    );
  });

  test.each([
    [
      "a core module",
      '(component (core type $t (module)) (import "m" (core module (type $t))))',
      "import m: a core module",
    ],
    ["a component", '(component (import "c" (component)))', "import c: a component"],
    ["a value", '(component (import "v" (value u32)))', "import v: a value"],
    [
      "a core module that is exported",
      '(component (core module $m) (export "m" (core module $m)))',
      "export m: a core module or a value",
    ],
    [
      "an instance within an instance",
      '(component (import "i" (instance (export "j" (instance)))))',
      "i#j: an instance",
    ],
    [
      "a name that is none of WIT's",
      '(component (import "url=<http://x>" (func)))',
      'import "url=<http://x>": a name that WIT does not have',
    ],
    ["a map", '(component (import "f" (func (result (map string u8)))))', "import f: a map"],
    ["an error-context", '(component (import "f" (func (result error-context))))', "import f: an error-context"],
    [
      "a record without a name",
      '(component (import "f" (func (param "p" (record (field "x" u8))))))',
      "import f: a record without a name",
    ],
  ])("is named: %s", async (_, wat, expected) => {
    expect(await unsupportedOf(wat)).toEqual([expected]);
  });

  test("is refused together with all others, one on each line", async () => {
    const wat = '(component (import "v" (value u32)) (import "c" (component)))';
    const world = decodeWorld(await parse(wat));
    expect(() => refuseUnsupported(world)).toThrow(
      /:\n {2}import v: a value\n {2}import c: a component\n {2}Planaria runs/,
    );
    expect(() => refuseUnsupported({ ...world, unsupported: Array(102).fill("a value") })).toThrow(
      /\n {2}… and 2 more\n/,
    );
    expect(() => refuseUnsupported({ ...world, unsupported: [] })).not.toThrow();
  });
});

describe("a component that means harm", () => {
  test.each([
    [
      "that instantiates itself",
      `(component
        (component $a (import "x" (component $x)) (instance (instantiate $x (with "x" (component $x)))))
        (instance (instantiate $a (with "x" (component $a)))))`,
      /More than 100 components/,
    ],
    [
      "that instantiates two of what instantiates two",
      `(component (component $c0) ${Array.from({ length: 40 }, (_, level) => `(component $c${level + 1} (alias outer 1 $c${level} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))`).join("")}
        (instance (instantiate $c40)))`,
      /more than 1000000 steps/,
    ],
    [
      "with a type of a billion types",
      `(component (type $t0 u8) ${Array.from({ length: 30 }, (_, level) => `(type $t${level + 1} (tuple $t${level} $t${level}))`).join("")})`,
      /more than 1000000 steps/,
    ],
    [
      "that exports the same a thousand times",
      `(component
        (import "f" (func $f (param "p" (tuple ${"u8 ".repeat(2000)}))))
        (instance $i (export "f" (func $f)))
        ${Array.from({ length: 1000 }, (_, index) => `(export "i${index}" (instance $i))`).join("")})`,
      /more than 1000000 steps/,
    ],
    [
      "with a type of two hundred levels",
      `(component (type $t0 u8) ${Array.from({ length: 200 }, (_, level) => `(type $t${level + 1} (list $t${level}))`).join("")})`,
      /More than 100 types of values/,
    ],
  ])("is refused: one %s", async (_, wat, message) => {
    const bytes = await parse(wat);
    expect(refuse(bytes)).toThrow(
      expect.objectContaining({ code: "component/unreadable", message: expect.stringMatching(message) }),
    );
  });

  test("is refused before it has used up the stack", async () => {
    const header = await parse("(component)");
    let type = [0x7f];
    let component = header;
    for (let level = 0; level < 2000; level++) {
      type = [0x42, 1, 1, ...type];
      component = Buffer.concat([header, writeSection(4, component)]);
    }
    const types = Buffer.concat([header, writeSection(7, Uint8Array.from([1, ...type]))]);
    expect(refuse(types)).toThrow(/More than 100 types lie within each other/);
    expect(refuse(component)).toThrow(/More than 100 components lie within each other/);
  });

  test("is refused when it refers to what is not there", async () => {
    const bytes = await parse('(component (import "f" (func)) (export "g" (func 0)))');
    // The index of what is exported stands at the end, before the type that is not given.
    expect(refuse(withByte(bytes, bytes.lastIndexOf(1) + 1, 9))).toThrow(/There is no func 9: there are 1/);
    expect(refuse(await parse('(component (import "f" (func)) (import "f" (func)))'))).toThrow(/two of the name "f"/);
  });
});

test("Bytes of which some were changed, or left out, are read or refused, and never end otherwise", async () => {
  const whole = await makeComponent(`package my:app@0.1.0;
    interface things {
      resource r { constructor(); m: func() -> list<u8>; }
      record p { x: u8 }
      f: func(p: p, r: borrow<r>) -> option<r>;
    }
    interface more { use things.{r, p}; enum e { a, b } g: func(e: e) -> result<r, p>; }
    world w { use things.{p}; import things; import more; export more; export things; export run: func(p: p); }`);
  const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
  const hole = fc.record({ from: fc.nat(whole.length), to: fc.nat(whole.length) });
  expectAlways(
    fc.property(fc.array(change, { maxLength: 4 }), fc.option(hole), (changes, gap) => {
      const changed = Uint8Array.from(whole);
      for (const { at, byte } of changes) changed[at] = byte;
      const bytes = gap ? Buffer.concat([changed.subarray(0, gap.from), changed.subarray(gap.to)]) : changed;
      const outcome = valueOrRefusal(() => printWorld(decodeWorld(bytes)));
      if (typeof outcome === "string") expect(outcome).toContain("world root {");
      else expect(outcome.code).toMatch(/^component\/(?:not-wasm|not-a-component|encoding|unreadable)$/);
    }),
    3_000,
  );
});
