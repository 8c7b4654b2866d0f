import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { openModule } from "../../../host/component/core-module.ts";
import { transpile } from "../../../host/component/transpile.ts";
import { adderSource, buildGuest, memoryCapBytes } from "./test-guest.ts";

const open = async (wat: string, cap = memoryCapBytes) => openModule(await parse(wat), "m.wasm", cap);

const exportsOf = (bytes: Uint8Array, imports?: object) =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;

describe("openModule", () => {
  test("exports hidden mutable globals and memories, and nothing else", async () => {
    const exports = exportsOf(
      await open(
        `(module (memory 1) (global (mut i32) (i32.const 5)) (global i64 (i64.const 6)) (global (mut f64) (f64.const 7)) (func (export "f")))`,
      ),
    );
    expect(Object.keys(exports)).toEqual(["f", "planaria:memory:0", "planaria:global:0", "planaria:global:2"]);
    expect((exports["planaria:global:2"] as WebAssembly.Global).value).toBe(7);
  });

  test("counts imports in front of what the module defines, and leaves them to the module that defines them", async () => {
    const bytes = await open(`(module
      (import "m" "f" (func)) (import "m" "t" (table 1 funcref)) (import "m" "g" (global (mut i32))) (import "m" "m" (memory 1))
      (global (mut i32) (i32.const 9)))`);
    expect(WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name)).toEqual([
      "planaria:global:1",
    ]);
  });

  test("adds an export section where there is none, in front of the code", async () => {
    const bytes = await open(
      `(module (global (mut i32) (i32.const 1)) (func $f) (start $f) (table 1 funcref) (elem (i32.const 0) $f))`,
    );
    expect(Object.keys(exportsOf(bytes))).toEqual(["planaria:global:0"]);
  });

  test("lets a memory grow to the cap and no further", async () => {
    const memory = exportsOf(await open(`(module (memory 1))`, 3 * 65_536))["planaria:memory:0"] as WebAssembly.Memory;
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  test("keeps a declared maximum that is below the cap", async () => {
    const memory = exportsOf(await open(`(module (memory 1 2))`))["planaria:memory:0"] as WebAssembly.Memory;
    expect(() => memory.grow(2)).toThrow(RangeError);
  });

  test("passes over every kind of immediate", async () => {
    const bytes = await open(`(module
      (memory 1) (tag $e (param i32)) (type $t (func (param i32) (result i32))) (table 1 funcref)
      (global (mut i64) (i64.const -9223372036854775808))
      (func $f (param i32) (result i32) (local f32 f64 v128 i64)
        (block (result i32) (loop (br_if 0 (local.get 0))) (br_table 0 0 0 (i32.const 1) (local.get 0)))
        (drop (f32.const 1.5)) (drop (f64.const 2.5)) (drop (i64.const -1)) (drop (v128.const i32x4 1 2 3 4))
        (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 3) (local.get 3)))
        (drop (v128.load32_zero offset=300 (i32.const 0))) (drop (v128.load8_lane 3 (i32.const 0) (local.get 3)))
        (drop (i32x4.extract_lane 2 (local.get 3))) (drop (i32.trunc_sat_f64_s (local.get 2)))
        (memory.copy (i32.const 0) (i32.const 8) (i32.const 4)) (memory.fill (i32.const 0) (i32.const 8) (i32.const 4))
        (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))
        (drop (select (result funcref) (ref.null func) (ref.func $f) (local.get 0))) (drop (ref.is_null (table.get 0 (i32.const 0))))
        (drop (table.size 0)) (drop (memory.grow (memory.size)))
        (drop (block $caught (result i32) (try_table (result i32) (catch $e $caught) (throw $e (i32.const 1)))))
        (i32.store offset=70000 (i32.const 0) (i32.const 1)) (drop (i32.extend8_s (i32.const 1)))
        (return_call_indirect (type $t) (local.get 0) (i32.const 0)))
      (data $d "x") (elem declare func $f))`);
    expect(Object.keys(exportsOf(bytes))).toEqual(["planaria:memory:0", "planaria:global:0"]);
  });

  test("opens every core module of a QuickJS component", async () => {
    const { modules } = await transpile(await buildGuest(adderSource), null, new Set());
    const added = Object.entries(modules).flatMap(([name, bytes]) => {
      const old = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).length;
      return WebAssembly.Module.exports(new WebAssembly.Module(openModule(bytes, name, memoryCapBytes))).slice(old);
    });
    expect(added.filter(({ kind }) => kind === "global")).toHaveLength(7);
    expect(added.filter(({ kind }) => kind === "memory")).toHaveLength(3);
  });

  const uncapturable: [what: string, wat: string][] = [
    ["table.set", `(module (table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func))))`],
    ["table.grow", `(module (table 1 funcref) (func (drop (table.grow 0 (ref.null func) (i32.const 1)))))`],
    ["table.fill", `(module (table 1 funcref) (func (table.fill 0 (i32.const 0) (ref.null func) (i32.const 1))))`],
    ["table.copy", `(module (table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 1))))`],
    [
      "table.init",
      `(module (table 1 funcref) (elem $e func) (func (table.init $e (i32.const 0) (i32.const 0) (i32.const 0))))`,
    ],
    ["elem.drop", `(module (elem $e func) (func (elem.drop $e)))`],
    ["data.drop", `(module (memory 1) (data $d "x") (func (data.drop $d)))`],
    ["garbage-collected objects", `(module (type $s (struct)) (func (drop (struct.new $s))))`],
    ["garbage-collected objects", `(module (type $s (struct)) (global (ref $s) (struct.new $s)))`],
    [
      "relaxed vector arithmetic",
      `(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))`,
    ],
    ["a mutable global (0) that holds a reference", `(module (global (mut funcref) (ref.null func)))`],
    ["a mutable global (0) that holds a vector", `(module (global (mut v128) (v128.const i64x2 0 0)))`],
    ["a shared memory", `(module (memory 1 1 shared))`],
    ["an atomic instruction", `(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))`],
    ["a memory of another kind", `(module (memory i64 1))`],
  ];
  test.each(uncapturable)("refuses %s, which no snapshot holds", async (what, wat) => {
    await expect(open(wat)).rejects.toMatchObject({
      code: "component/uncapturable",
      message: expect.stringContaining(what),
    });
  });

  test("names the module, the function and the instruction that it refuses", async () => {
    const wat = `(module (import "a" "b" (func)) (func) (table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func))))`;
    await expect(open(wat)).rejects.toThrow("m.wasm has in function 2 table.set, which changes a table");
  });

  test("refuses an instruction that it does not know", () => {
    const bytes = Uint8Array.from([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0xe0, 0x0b,
    ]);
    expect(() => openModule(bytes, "m.wasm", memoryCapBytes)).toThrow(
      expect.objectContaining({
        code: "component/unknown-instruction",
        message: expect.stringContaining("opcode 0xe0"),
      }),
    );
  });

  test("refuses a memory that starts above the cap", async () => {
    await expect(open(`(module (memory 3))`, 2 * 65_536)).rejects.toMatchObject({
      code: "component/memory-cap",
      data: { initialBytes: 3 * 65_536, memoryCapBytes: 2 * 65_536 },
    });
  });

  test("refuses a module that is cut off inside its last section", async () => {
    const whole = await parse(
      `(module (memory 1) (global (mut i32) (i32.const 1)) (func (param i32) (drop (i32.add (local.get 0) (i32.const 300)))))`,
    );
    for (let end = whole.length - 6; end < whole.length; end++) {
      expect(() => openModule(whole.subarray(0, end), "m.wasm", memoryCapBytes)).toThrow(
        expect.objectContaining({ code: "component/unreadable" }),
      );
    }
  });
});
