import fc from "fast-check";
import { camelCase } from "../../../host/wit/spelling.ts";
import { isTaggedOption } from "../../../host/wit/option.ts";
import type { WitNamed, WitPrimitive, WitType } from "../../../host/wit/type.ts";
import { typedArrays } from "../../../host/wit/number.ts";

const primitives: Record<WitPrimitive, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  u8: fc.integer({ min: 0, max: 2 ** 8 - 1 }),
  s8: fc.integer({ min: -(2 ** 7), max: 2 ** 7 - 1 }),
  u16: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  s16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  s32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  // NaN, infinities, both zeros and subnormals among them.
  f32: fc.float(),
  f64: fc.double(),
  char: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  string: fc.string({ unit: "binary" }),
};

const label = fc.stringMatching(/^(?:[a-z][a-z0-9]{0,4}|[A-Z][A-Z0-9]{0,2})(?:-[a-z][a-z0-9]{0,3}){0,2}$/);
/** WIT tells names apart whatever their case is. */
const labels = fc.uniqueArray(
  fc.oneof(label, fc.constantFrom("tag", "val", "ok", "err", "some", "none", "constructor")),
  {
    minLength: 1,
    maxLength: 5,
    selector: (name) => name.toLowerCase(),
  },
);

/** A type, however it is put together, but for handles. */
export const someType: fc.Arbitrary<WitType> = fc.letrec<{ type: WitType }>((tie) => {
  const type = tie("type");
  const side = fc.option(type, { depthIdentifier: "type" });
  const named = (make: (names: string[]) => fc.Arbitrary<WitNamed>) => labels.chain(make);
  return {
    type: fc.oneof(
      { depthIdentifier: "type", maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(...(Object.keys(primitives) as WitPrimitive[])).map((kind) => ({ kind })),
      type.map((element) => ({ kind: "list" as const, element })),
      fc
        .tuple(type, fc.integer({ min: 1, max: 3 }))
        .map(([element, length]) => ({ kind: "list" as const, element, length })),
      fc.array(type, { minLength: 1, maxLength: 4 }).map((elements) => ({ kind: "tuple" as const, elements })),
      type.map((element) => ({ kind: "option" as const, element })),
      fc.record({ kind: fc.constant("result" as const), ok: side, error: side }),
      labels.map((names) => ({ kind: "enum" as const, name: "e", names })),
      labels.map((names) => ({ kind: "flags" as const, name: "f", names })),
      named((names) =>
        fc
          .tuple(...names.map((name) => fc.record({ name: fc.constant(name), type })))
          .map((fields) => ({ kind: "record" as const, name: "r", fields })),
      ),
      named((names) =>
        fc
          .tuple(...names.map((name) => fc.record({ name: fc.constant(name), type: side })))
          .map((cases) => ({ kind: "variant" as const, name: "v", cases })),
      ),
    ),
  };
}).type;

/** A value of a type, as jco's glue has it. */
export function someValue(type: WitType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "list": {
      const { element, length } = type;
      const items = fc.array(
        someValue(element),
        length === undefined ? { maxLength: 5 } : { minLength: length, maxLength: length },
      );
      const pack = element.kind in typedArrays ? typedArrays[element.kind as "u8"] : null;
      return pack ? items.map((each) => pack.from(each as number[])) : items;
    }
    case "tuple":
      return fc.tuple(...type.elements.map(someValue));
    case "option": {
      const { element } = type;
      if (!isTaggedOption(element)) return fc.option(someValue(element), { nil: undefined });
      return fc.oneof(
        fc.constant({ tag: "none" }),
        someValue(element).map((val) => ({ tag: "some", val })),
      );
    }
    case "record":
      return someObject(type.fields.map((field) => [field.name, someValue(field.type)]));
    case "flags":
      return someObject(type.names.map((name) => [name, fc.boolean()]));
    case "enum":
      return fc.constantFrom(...type.names);
    case "variant":
      return fc.oneof(...type.cases.map((each) => someCase(each.name, each.type)));
    case "result":
      return fc.oneof(someCase("ok", type.ok), someCase("err", type.error));
    case "own":
    case "borrow":
      throw new Error("A handle's value is an object of its own.");
    default:
      return primitives[type.kind];
  }
}

function someCase(tag: string, type: WitType | null): fc.Arbitrary<unknown> {
  return type ? someValue(type).map((val) => ({ tag, val })) : fc.constant({ tag });
}

function someObject(members: [name: string, value: fc.Arbitrary<unknown>][]): fc.Arbitrary<unknown> {
  const byKey = Object.fromEntries(members.map(([name, value]) => [camelCase(name), value]));
  return fc.record(byKey, { noNullPrototype: true });
}
