import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { decodeWorld } from "../../../host/wit/decode.ts";
import { formatFunction } from "../../../host/wit/format.ts";
import type { WitInterface, WitNamed, WitResource, WitSide, WitType } from "../../../host/wit/type.ts";
import { makeComponent } from "./component.ts";

const everyType = `package my:types@1.2.3;
interface all {
  record point { x: f32, y: f64 }
  variant shape { dot, circle(f32), named(string) }
  enum color { red, dark-green }
  flags permissions { read, write }
  type bytes = list<u8>;
  integers: func(a: s8, b: u8, c: s16, d: u16, e: s32, f: u32, g: s64, h: u64) -> bool;
  texts: func(a: char, b: string) -> tuple<f32, f64>;
  lists: func(a: list<list<string>>, b: bytes, c: list<u8, 4>);
  options: func(a: option<option<u8>>) -> option<point>;
  results: func(a: result, b: result<u8>, c: result<_, string>) -> result<point, shape>;
  named: func(a: point, b: shape, c: color, d: permissions) -> color;
}
world w { import all; export all; }`;

const interfaceOf = (side: WitSide, name: string): WitInterface => side.interfaces.find((each) => each.name === name)!;
const typeOf = (from: WitInterface, name: string) => from.types.find((each) => each.name === name)!.type;

describe("a world that is read from a binary", () => {
  test("has every type of WIT, imported and exported", async () => {
    const { imports, exports, unsupported } = decodeWorld(await makeComponent(everyType));
    expect(unsupported).toEqual([]);
    for (const side of [imports, exports]) {
      const all = interfaceOf(side, "my:types/all@1.2.3");
      expect(all.functions.map((each) => formatFunction(each))).toEqual([
        "integers: func(a: s8, b: u8, c: s16, d: u16, e: s32, f: u32, g: s64, h: u64) -> bool",
        "texts: func(a: char, b: string) -> tuple<f32, f64>",
        "lists: func(a: list<list<string>>, b: list<u8>, c: list<u8, 4>)",
        "options: func(a: option<option<u8>>) -> option<point>",
        "results: func(a: result, b: result<u8>, c: result<_, string>) -> result<point, shape>",
        "named: func(a: point, b: shape, c: color, d: permissions) -> color",
      ]);
      expect(Object.fromEntries(all.types.map(({ name, type }) => [name, type]))).toEqual({
        point: {
          kind: "record",
          name: "point",
          fields: [
            { name: "x", type: { kind: "f32" } },
            { name: "y", type: { kind: "f64" } },
          ],
        },
        shape: {
          kind: "variant",
          name: "shape",
          cases: [
            { name: "dot", type: null },
            { name: "circle", type: { kind: "f32" } },
            { name: "named", type: { kind: "string" } },
          ],
        },
        color: { kind: "enum", name: "color", names: ["red", "dark-green"] },
        permissions: { kind: "flags", name: "permissions", names: ["read", "write"] },
        bytes: { kind: "list", element: { kind: "u8" } },
      });
    }
  });

  test("has one object for a type, wherever it is used and whatever it is called there", async () => {
    const bytes = await makeComponent(`package my:types;
      interface shapes { record point { x: u8 } type points = list<point>; first: func(of: points) -> point; }
      interface maps { use shapes.{point as place, points}; find: func(in: points) -> option<place>; }
      world w { use shapes.{point}; import maps; export shapes; export maps; export home: func() -> point; }`);
    const { imports, exports } = decodeWorld(bytes);
    for (const side of [imports, exports]) {
      const [shapes, maps] = [interfaceOf(side, "my:types/shapes"), interfaceOf(side, "my:types/maps")];
      const point = typeOf(shapes, "point") as WitNamed;
      expect(point.name).toBe("point");
      expect(typeOf(maps, "place")).toBe(point);
      const [first, find] = [shapes.functions[0]!, maps.functions[0]!];
      expect(first.result).toBe(point);
      expect((first.params[0]!.type as Extract<WitType, { kind: "list" }>).element).toBe(point);
      expect(find.params[0]!.type).toBe(first.params[0]!.type);
      expect((find.result as Extract<WitType, { kind: "option" }>).element).toBe(point);
    }
    const imported = typeOf(interfaceOf(imports, "my:types/shapes"), "point");
    expect(imports.types).toEqual([{ name: "point", type: imported }]);
    expect(exports.functions[0]!.result).toBe(imported);
  });

  test("tells resources apart by who defines them", async () => {
    const bytes = await makeComponent(`package my:store@0.1.0;
      interface buckets {
        resource bucket { constructor(size: u32); get: func(key: string) -> list<u8>; open: static func() -> bucket; }
        lend: func(to: borrow<bucket>);
      }
      interface shelf { use buckets.{bucket as box}; put: func(box: box); }
      world w { import buckets; resource note { text: func() -> string; } import pin: func(note: note); export shelf; export buckets; }`);
    const { imports, exports } = decodeWorld(bytes);
    const sides = [imports, exports].map((side) => interfaceOf(side, "my:store/buckets@0.1.0"));
    const [imported, exported] = sides.map((each) => typeOf(each, "bucket") as WitResource);
    expect(imported).toEqual({ kind: "resource", name: "bucket", owner: "my:store/buckets@0.1.0" });
    expect(exported).toEqual(imported);
    expect(exported).not.toBe(imported);
    for (const [index, bucket] of [imported, exported].entries()) {
      expect(sides[index]!.functions).toEqual([
        {
          name: "[constructor]bucket",
          params: [{ name: "size", type: { kind: "u32" } }],
          result: { kind: "own", resource: bucket },
        },
        {
          name: "[method]bucket.get",
          params: [
            { name: "self", type: { kind: "borrow", resource: bucket } },
            { name: "key", type: { kind: "string" } },
          ],
          result: { kind: "list", element: { kind: "u8" } },
        },
        { name: "[static]bucket.open", params: [], result: { kind: "own", resource: bucket } },
        { name: "lend", params: [{ name: "to", type: { kind: "borrow", resource: bucket } }], result: null },
      ]);
    }
    const shelf = interfaceOf(exports, "my:store/shelf@0.1.0");
    expect(typeOf(shelf, "box")).toBe(exported);
    expect(shelf.functions[0]!.params[0]!.type).toEqual({ kind: "own", resource: exported });
    expect(imports.types.at(-1)).toEqual({ name: "note", type: { kind: "resource", name: "note", owner: "" } });
    expect(imports.functions.map(({ name }) => name)).toEqual(["pin", "[method]note.text"]);
  });

  test("has interfaces that the world defines by itself, under their plain names", async () => {
    const bytes = await makeComponent(`package my:inline;
      world w {
        import clock: interface { enum unit { second } now: func(in: unit) -> u64; }
        export clock: interface { resource alarm { constructor(); } }
        export run: func();
      }`);
    const { imports, exports } = decodeWorld(bytes);
    expect(imports.interfaces.map(({ name }) => name)).toEqual(["clock"]);
    expect(imports.interfaces[0]!.functions.map((each) => formatFunction(each))).toEqual([
      "now: func(in: unit) -> u64",
    ]);
    expect(typeOf(exports.interfaces[0]!, "alarm")).toEqual({ kind: "resource", name: "alarm", owner: "clock" });
    expect(exports.functions).toEqual([{ name: "run", params: [], result: null }]);
  });

  test("exports what jco finds", async () => {
    const bytes = await makeComponent(
      everyType.replace("export all;", "export all; export go: func(); export more: interface { x: func(); }"),
    );
    const { exports } = await transpileBytes(bytes, { name: "component", instantiation: "async" });
    const { functions, interfaces } = decodeWorld(bytes).exports;
    // Beside its full name, jco gives an interface a short one.
    const names = exports.map(([name]) => name).filter((name) => name !== "all");
    expect(new Set(names)).toEqual(new Set([...functions, ...interfaces].map(({ name }) => name)));
  });

  test("follows a component into those that it is put together from", async () => {
    const bytes = await parse(`(component
      (import "host" (func $host (param "n" u32) (result string)))
      (component $wrap
        (import "f" (func $f (param "n" u32) (result string)))
        (import "t" (type $t (sub resource)))
        (type $record (record (field "by" u8)))
        (export $named "settings" (type $record))
        (export "again" (type $t))
        (export "call" (func $f)))
      (type $file (resource (rep i32)))
      (component $outer
        (import "inner" (component $inner (export "x" (func))))
        (import "call" (func $call (param "n" u32) (result string)))
        (type $own (resource (rep i32)))
        (instance $made (instantiate $inner (with "f" (func $call)) (with "t" (type $own))))
        (export "made" (instance $made)))
      (instance $one (instantiate $wrap (with "f" (func $host)) (with "t" (type $file))))
      (instance $two (instantiate $outer (with "inner" (component $wrap)) (with "call" (func $host))))
      (alias export $two "made" (instance $made))
      (export "my:app/one@1.0.0" (instance $one))
      (export "my:app/two" (instance $made)))`);
    const { exports } = decodeWorld(bytes);
    const [one, two] = exports.interfaces;
    expect(exports.interfaces.map(({ name }) => name)).toEqual(["my:app/one@1.0.0", "my:app/two"]);
    expect([one, two].map((each) => each!.functions.map((func) => formatFunction(func)))).toEqual([
      ["call: func(n: u32) -> string"],
      ["call: func(n: u32) -> string"],
    ]);
    expect(typeOf(one!, "settings")).toEqual(typeOf(two!, "settings"));
    expect(typeOf(one!, "again")).toEqual({ kind: "resource", name: "again", owner: "my:app/one@1.0.0" });
    expect(typeOf(two!, "again")).toEqual({ kind: "resource", name: "again", owner: "my:app/two" });
  });

  test("shows of an instance what its export says of it, and no more", async () => {
    const bytes = await parse(`(component
      (import "host" (func $host))
      (instance $all (export "shown" (func $host)) (export "hidden" (func $host)))
      (export "some" (instance $all) (instance (export "shown" (func)))))`);
    expect(decodeWorld(bytes).exports.interfaces).toEqual([
      { name: "some", types: [], functions: [{ name: "shown", params: [], result: null }] },
    ]);
  });

  test("is found in the guests that Planaria was released with", () => {
    const bytes = brotliDecompressSync(readFileSync(join(import.meta.dirname, "../../golden/v1/guests-1.wasm.br")));
    const { imports, exports } = decodeWorld(bytes);
    expect(imports.interfaces.map(({ name }) => name)).toContain("planaria:host/rpc@0.1.0");
    expect(interfaceOf(exports, "planaria:host/guest@0.1.0").functions.map((each) => formatFunction(each))).toEqual([
      "describe: func() -> string",
      "invoke: async func(invocation: string)",
      "deliver: async func(events: string)",
    ]);
    expect(exports.functions.map(({ name }) => name)).toEqual(["init"]);
  });
});
