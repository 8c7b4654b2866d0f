import { resourceName, type Handles } from "./handle.ts";
import { membersOf, type Compound } from "./member.ts";
import { isTaggedOption } from "./option.ts";
import type { WitType } from "./type.ts";

/** Writes values of one agent as JSON text; see `writeValue`. */
export class ValueWriter {
  readonly #handles: Handles;

  constructor(handles: Handles) {
    this.#handles = handles;
  }

  write(type: WitType, value: unknown): string {
    switch (type.kind) {
      case "bool":
      case "u8":
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
      case "u64":
      case "s64":
        return String(value);
      case "f32":
        return writeFloat(shorten(value as number));
      case "f64":
        return writeFloat(value as number);
      case "char":
      case "string":
      case "enum":
        return JSON.stringify(value);
      case "list":
        return this.#writeList(type.element, value);
      case "tuple":
        return `[${type.elements.map((element, index) => this.write(element, (value as unknown[])[index])).join()}]`;
      case "option":
        return this.#writeOption(type.element, value);
      case "record":
        return this.#writeRecord(type, value as Record<string, unknown>);
      case "flags":
        return JSON.stringify(
          membersOf(type)
            .all.filter(({ key }) => (value as Record<string, boolean>)[key])
            .map(({ name }) => name),
        );
      case "variant":
      case "result":
        return this.#writeCase(type, value as { tag: string; val?: unknown });
      case "own":
      case "borrow": {
        const resource = JSON.stringify(resourceName(type.resource));
        return `{"resource":${resource},"handle":${this.#handles.take(type.resource, value as object)}}`;
      }
    }
  }

  #writeList(element: WitType, value: unknown): string {
    switch (element.kind) {
      case "u8":
        return `"${Buffer.from(value as Uint8Array).toString("base64")}"`;
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
      case "u64":
      case "s64":
        return `[${(value as Int32Array | BigInt64Array).join()}]`;
      default:
        return `[${Array.from(value as ArrayLike<unknown>, (each) => this.write(element, each)).join()}]`;
    }
  }

  /** Of an option of an option, JSON says which of the two is empty. */
  #writeOption(element: WitType, value: unknown): string {
    const { tag, val } = isTaggedOption(element)
      ? (value as { tag: string; val?: unknown })
      : { tag: value === undefined ? "none" : "some", val: value };
    if (element.kind !== "option") return tag === "none" ? "null" : this.write(element, val);
    return tag === "none" ? '{"tag":"none"}' : `{"tag":"some","val":${this.write(element, val)}}`;
  }

  #writeRecord(type: Compound, value: Record<string, unknown>): string {
    return `{${membersOf(type)
      .all.map(({ key, type: of }) => `"${key}":${this.write(of!, value[key])}`)
      .join()}}`;
  }

  #writeCase(type: Compound, { tag, val }: { tag: string; val?: unknown }): string {
    const of = membersOf(type).named.get(tag)!.type;
    return of ? `{"tag":"${tag}","val":${this.write(of, val)}}` : `{"tag":"${tag}"}`;
  }
}

function writeFloat(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The number of fewest digits that rounds to the same f32: 0.1, not 0.10000000149011612. */
function shorten(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value;
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
