import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { decodeWorld } from "../../../host/wit/decode.ts";
import { formatFunction, formatType } from "../../../host/wit/format.ts";
import { printWorld } from "../../../host/wit/print.ts";
import type { WitNamed, WitResource } from "../../../host/wit/type.ts";
import { makeComponent } from "./component.ts";

const store = `package my:store@0.1.0;
interface buckets {
  record entry { key: string, %list: list<u8> }
  type entries = list<entry>;
  type names = entries;
  variant problem { full, other(string) }
  flags rights { read, write }
  enum color { red, dark-green }
  resource bucket {
    constructor(size: u32);
    get: func(key: string) -> option<entry>;
    all: func() -> result<entries, problem>;
    open: static func(color: color) -> bucket;
  }
  resource key;
  lend: func(to: borrow<bucket>, using: key) -> rights;
  rename: func(to: names);
}
interface shelf { use buckets.{bucket as box, entry}; put: func(box: box) -> tuple<entry, list<u8, 4>>; }
world w {
  use buckets.{entry};
  record pair { a: entry, b: result<_, string> }
  resource note { constructor(); text: func() -> string; }
  import shelf;
  import clock: interface { enum unit { second } now: func(in: unit) -> u64; }
  import pin: func(note: note, pair: pair);
  export shelf;
  export %interface: interface { use shelf.{box}; %use: func(box: borrow<box>) -> result; }
  export go: func() -> option<option<pair>>;
}`;

const expected = `world root {
  import my:store/buckets@0.1.0;
  import my:store/shelf@0.1.0;
  import clock: interface {
    enum unit {
      second,
    }

    now: func(in: unit) -> u64;
  }
  import pin: func(note: note, pair: pair);

  use my:store/buckets@0.1.0.{entry};
`;

/** What is printed of a component that is made of what was printed. */
async function reprint(text: string): Promise<string> {
  const witSource = `package any:thing;\n${text}`;
  const bytes = await componentNew(await componentEmbed({ witSource, dummy: true, world: "root" }));
  return printWorld(decodeWorld(bytes));
}

describe("a printed world", () => {
  test("begins with what the component imports, and reads like WIT that people write", async () => {
    const text = printWorld(decodeWorld(await makeComponent(store)));
    expect(text.slice(0, expected.length)).toBe(expected);
    expect(text).toContain(`  export my:store/shelf@0.1.0;
  export %interface: interface {
    use my:store/buckets@0.1.0.{bucket as box};

    %use: func(box: borrow<box>) -> result;
  }
  export go: func() -> option<option<pair>>;
}
`);
    expect(text).toContain(`
    resource bucket {
      constructor(size: u32);
      get: func(key: string) -> option<entry>;
      all: func() -> result<entries, problem>;
      open: static func(color: color) -> bucket;
    }
`);
    expect(text).toContain("    resource key;\n");
    expect(text).toContain("    type names = entries;\n");
    expect(text).toContain(`  interface shelf {
    use buckets.{bucket as box, entry};

    put: func(box: box) -> tuple<entry, list<u8, 4>>;
  }
`);
  });

  test("makes the same world again", async () => {
    const text = printWorld(decodeWorld(await makeComponent(store)));
    // A function says `entries` where its author said `names`, so nothing uses that name, and it is left out.
    expect(await reprint(text)).toBe(text.replace("    type names = entries;\n\n", ""));
  });

  test("escapes every name that is a keyword", async () => {
    const words = `as async bool borrow char constructor enum error-context export f32 f64 flags from func future import
      include interface list map option own package record resource result s16 s32 s64 s8 static stream string tuple type
      u16 u32 u64 u8 use variant with world`.split(/\s+/);
    const bytes = await makeComponent(`package %package:%world@1.0.0;
      interface %interface { record %record { ${words.map((word) => `%${word}: u8`).join(", ")} } %func: func(%enum: %record); }
      interface user { use %interface.{%record as %type}; f: func(a: %type); }
      world w { import user; export %static: func(); }`);
    const text = printWorld(decodeWorld(bytes));
    expect(text).toContain("import %package:%world/%interface@1.0.0;");
    expect(await reprint(text)).toBe(text);
  });

  test("has once what is imported and exported, with what either side has of it", async () => {
    const bytes = await parse(`(component
      (import "my:app/x@1.0.0" (instance $x (export "a" (func)) (export "b" (func))))
      (alias export $x "a" (func $a))
      (instance $y (export "b" (func $a)) (export "c" (func $a)))
      (export "my:app/x@1.0.0" (instance $y)))`);
    expect(printWorld(decodeWorld(bytes))).toBe(`world root {
  import my:app/x@1.0.0;

  export my:app/x@1.0.0;
}

package my:app@1.0.0 {
  interface x {
    a: func();
    b: func();
    c: func();
  }
}
`);
  });

  test("leaves out what cannot be said", async () => {
    const bytes = await parse('(component (import "f" (func (result (stream u8)))) (import "g" (func async)))');
    expect(printWorld(decodeWorld(bytes))).toBe("world root {\n  import g: async func();\n}\n");
  });

  test("of a component that has nothing is empty", async () => {
    expect(printWorld(decodeWorld(await parse("(component)")))).toBe("world root {\n}\n");
  });
});

describe("a formatted type", () => {
  const point: WitNamed = { kind: "record", name: "type", fields: [] };
  const bucket: WitResource = { kind: "resource", name: "bucket", owner: "docs:store/buckets" };

  test("is called by its name if it has one, as it is", () => {
    expect(formatType(point)).toBe("type");
    expect(formatType({ kind: "own", resource: bucket })).toBe("own<bucket>");
    expect(formatType({ kind: "borrow", resource: bucket })).toBe("borrow<bucket>");
    expect(formatType({ kind: "list", element: { kind: "option", element: point } })).toBe("list<option<type>>");
  });

  test("says of a result what it carries", () => {
    const [ok, error] = [{ kind: "u8" }, { kind: "string" }] as const;
    expect(formatType({ kind: "result", ok, error })).toBe("result<u8, string>");
    expect(formatType({ kind: "result", ok: null, error })).toBe("result<_, string>");
    expect(formatType({ kind: "result", ok, error: null })).toBe("result<u8>");
    expect(formatType({ kind: "result", ok: null, error: null })).toBe("result");
  });

  test("stands in functions, which are called by their whole names", () => {
    const params = [{ name: "self", type: { kind: "borrow", resource: bucket } as const }];
    expect(formatFunction({ name: "[method]bucket.get", params, result: null })).toBe(
      "[method]bucket.get: func(self: borrow<bucket>)",
    );
    expect(formatFunction({ name: "go", params: [], result: { kind: "char" }, isAsync: true })).toBe(
      "go: async func() -> char",
    );
  });
});
