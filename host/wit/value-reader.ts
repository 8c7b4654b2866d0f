import { suggestName } from "../base/nearest.ts";
import { ArgumentPlace } from "./argument-place.ts";
import { resourceName, type Handles } from "./handle.ts";
import { parseExact } from "./json.ts";
import { membersOf, type Compound, type Member } from "./member.ts";
import { integerRanges, longRanges, typedArrays } from "./number.ts";
import { isTaggedOption } from "./option.ts";
import type { WitFunction, WitType } from "./type.ts";

type Json = Record<string, unknown>;
type Of<Kind extends WitType["kind"]> = Extract<WitType, { kind: Kind }>;

const isObject = (json: unknown): json is Json => typeof json === "object" && json !== null && !Array.isArray(json);
const isAbsent = (json: unknown) => json === null || json === undefined;

/** Reads the arguments of one call, once; see `readArguments`. */
export class ArgumentReader {
  readonly #func: WitFunction;
  readonly #handles: Handles;
  readonly #place: ArgumentPlace;

  constructor(func: WitFunction, handles: Handles) {
    this.#func = func;
    this.#handles = handles;
    this.#place = new ArgumentPlace(func);
  }

  readAll(text: string): unknown[] {
    const { name, params } = this.#func;
    const args = this.#parse(text);
    const needed = params.findLastIndex(({ type }) => type.kind !== "option") + 1;
    if (args.length < needed || args.length > params.length) {
      const why = `${name} takes ${params.length === 1 ? "1 argument" : `${params.length} arguments`}, and was given ${args.length}.`;
      this.#place.refuseAll(why, { expected: params.length, got: args.length });
    }
    return params.map((param, index) => this.#within(param.name, param.type, args[index]));
  }

  #parse(text: string): unknown[] {
    let args;
    try {
      args = parseExact(text);
    } catch (cause) {
      // JSON that is nested too deep overflows the stack.
      const why = `The arguments of ${this.#func.name} can't be read as JSON: ${(cause as Error).message}.`;
      this.#place.refuseAll(why, {}, cause);
    }
    if (Array.isArray(args)) return args;
    return this.#place.refuseAll(`The arguments of ${this.#func.name} are no JSON array.`, {});
  }

  /** Reads what stands in a value under a name or index. */
  #within(key: string | number, type: WitType, json: unknown): unknown {
    this.#place.enter(key);
    const value = this.#read(type, json);
    this.#place.leave();
    return value;
  }

  #read(type: WitType, json: unknown): unknown {
    switch (type.kind) {
      case "bool":
        return typeof json === "boolean" ? json : this.#place.refuse(type, json);
      case "u8":
      case "s8":
      case "u16":
      case "s16":
      case "u32":
      case "s32":
        return this.#readInteger(type.kind, json);
      case "u64":
      case "s64":
        return this.#readLong(type.kind, json);
      case "f32":
      case "f64":
        return this.#readFloat(type.kind, json);
      case "char":
      case "string":
        return this.#readText(type.kind, json);
      case "list":
        return this.#readList(type, json);
      case "tuple":
        return this.#readTuple(type, json);
      case "option":
        return this.#readOption(type, json);
      case "record":
        return this.#readRecord(type, json);
      case "flags":
        return this.#readFlags(type, json);
      case "enum":
        return this.#memberOf(type, typeof json === "string" ? json : this.#place.refuse(type, json), json).name;
      case "variant":
      case "result":
        return this.#readCase(type, json);
      case "own":
      case "borrow":
        return this.#readHandle(type, json);
    }
  }

  #readInteger(kind: keyof typeof integerRanges, json: unknown): number {
    const [least, greatest] = integerRanges[kind];
    // Whatever reads integers has no use for a zero below zero.
    if (typeof json === "number" && json >= least && json <= greatest && Number.isInteger(json)) return json + 0;
    return this.#refuseInteger({ kind }, json, `from ${least} to ${greatest}`);
  }

  #readLong(kind: keyof typeof longRanges, json: unknown): bigint {
    const [least, greatest] = longRanges[kind];
    const isExact = Number.isSafeInteger(json) || (typeof json === "string" && /^-?\d{1,40}$/.test(json));
    const value = isExact ? BigInt(json as number | string) : json;
    if (typeof value === "bigint" && value >= least && value <= greatest) return value;
    return this.#refuseInteger({ kind }, json, `from ${least} to ${greatest}, written with all digits`);
  }

  #refuseInteger(type: WitType, json: unknown, range: string): never {
    const isFraction = typeof json === "number" && !Number.isInteger(json);
    this.#place.refuse(type, json, isFraction ? "It has to be an integer." : `Its values go ${range}.`);
  }

  #readFloat(kind: "f32" | "f64", json: unknown): number {
    const isNumber = typeof json === "number" || typeof json === "bigint";
    if (!isNumber && json !== "NaN" && json !== "Infinity" && json !== "-Infinity") {
      const hint = typeof json === "string" ? 'Of strings, there are "NaN", "Infinity" and "-Infinity".' : "";
      this.#place.refuse({ kind }, json, hint);
    }
    const value = kind === "f32" ? Math.fround(Number(json)) : Number(json);
    if (isNumber && !Number.isFinite(value)) this.#place.refuse({ kind }, json, "That is too large for it.");
    return value;
  }

  #readText(kind: "char" | "string", json: unknown): string {
    if (typeof json !== "string") return this.#place.refuse({ kind }, json);
    if (!json.isWellFormed())
      this.#place.refuse({ kind }, json, "It holds half a surrogate pair, which is no character.");
    if (kind === "char" && (json.length > 2 || [...json].length !== 1)) {
      this.#place.refuse({ kind }, json, "It has to be one character of Unicode.");
    }
    return json;
  }

  #readList(type: Of<"list">, json: unknown): unknown {
    const { element, length } = type;
    const items = element.kind === "u8" && typeof json === "string" ? this.#readBase64(type, json) : json;
    if (!Array.isArray(items) && !(items instanceof Uint8Array)) return this.#place.refuse(type, json);
    if (length !== undefined && items.length !== length)
      this.#place.refuse(type, json, `Its length is ${items.length}.`);
    if (items instanceof Uint8Array) return items;
    const values = items.map((item, index) => this.#within(index, element, item));
    if (element.kind === "u64" || element.kind === "s64") return typedArrays[element.kind].from(values as bigint[]);
    if (!(element.kind in typedArrays)) return values;
    return typedArrays[element.kind as Exclude<keyof typeof typedArrays, "u64" | "s64">].from(values as number[]);
  }

  #readBase64(type: WitType, json: string): Uint8Array {
    const bytes = Buffer.from(json, "base64");
    if (bytes.toString("base64") !== json)
      this.#place.refuse(type, json, "A string of bytes has to be Base64, padded.");
    return new Uint8Array(bytes);
  }

  #readTuple(type: Of<"tuple">, json: unknown): unknown[] {
    if (!Array.isArray(json) || json.length !== type.elements.length) return this.#place.refuse(type, json);
    return type.elements.map((element, index) => this.#within(index, element, json[index]));
  }

  #readOption({ element }: Of<"option">, json: unknown): unknown {
    const held = element.kind === "option" ? openOption(json) : isAbsent(json) ? null : { val: json };
    if (!isTaggedOption(element)) return held ? this.#read(element, held.val) : undefined;
    return held ? { tag: "some", val: this.#read(element, held.val) } : { tag: "none" };
  }

  #readRecord(type: Of<"record">, json: unknown): Json {
    if (!isObject(json)) return this.#place.refuse(type, json);
    const said = new Map<string, unknown>();
    for (const [spelling, item] of Object.entries(json)) {
      const { name } = this.#memberOf(type, spelling, json);
      if (said.has(name)) this.#place.refuse(type, json, `The field ${name} stands there twice.`);
      said.set(name, item);
    }
    const fields = membersOf(type).all;
    return Object.fromEntries(
      fields.map((field) => [field.key, this.#within(field.name, field.type!, said.get(field.name))]),
    );
  }

  #readFlags(type: Of<"flags">, json: unknown): Json {
    const entries = Array.isArray(json)
      ? json.map((flag) => [flag, true])
      : isObject(json)
        ? Object.entries(json)
        : null;
    if (!entries) return this.#place.refuse(type, json);
    const flags = Object.fromEntries(membersOf(type).all.map(({ key }) => [key, false]));
    for (const [spelling, isRaised] of entries) {
      if (typeof spelling !== "string" || typeof isRaised !== "boolean") this.#place.refuse(type, json);
      flags[this.#memberOf(type, spelling, json).key] = isRaised;
    }
    return flags;
  }

  /** `"case"`, `{"tag":"case","val":…}` or `{"case":…}`. */
  #readCase(type: Of<"variant" | "result">, json: unknown): unknown {
    const [spelling, val] = this.#splitCase(type, json);
    const member = this.#memberOf(type, spelling, json);
    if (member.type) return { tag: member.name, val: this.#within(member.name, member.type, val) };
    if (!isAbsent(val)) this.#place.refuse(type, json, `The case ${member.name} carries nothing.`);
    return { tag: member.name };
  }

  #splitCase(type: Of<"variant" | "result">, json: unknown): [spelling: string, val: unknown] {
    if (typeof json === "string") return [json, undefined];
    if (!isObject(json)) return this.#place.refuse(type, json);
    const { tag, val, ...rest } = json;
    const entries = Object.entries(json);
    const { named } = membersOf(type);
    // A variant may have a case that is called `tag`.
    const isTagged = typeof tag === "string" && (!named.has("tag") || named.has(tag));
    if (isTagged && Object.keys(rest).length === 0) return [tag, val];
    return entries.length === 1 ? entries[0]! : this.#place.refuse(type, json, "It has to have one case.");
  }

  #readHandle(type: Of<"own" | "borrow">, json: unknown): object {
    const name = resourceName(type.resource);
    const { resource, handle }: Json = isObject(json) ? json : {};
    if (resource === name && typeof handle === "number" && Number.isSafeInteger(handle)) {
      return this.#handles.give(type.resource, handle, type.kind === "own");
    }
    return this.#place.refuse(type, json, `It has to be {"resource":"${name}","handle":N}, as a call has returned it.`);
  }

  #memberOf(type: Compound, spelling: string, json: unknown): Member {
    const { all, named } = membersOf(type);
    const member = named.get(spelling);
    if (member) return member;
    const what = type.kind === "record" ? "field" : type.kind === "flags" ? "flag" : "case";
    const names = all.map(({ name }) => name);
    const shown = JSON.stringify(spelling.slice(0, 40));
    return this.#place.refuse(type, json, `There is no ${what} ${shown}. ${suggestName(spelling, names)}`);
  }
}

/** What an option of an option holds, which may say by a tag that it holds something; null: nothing. */
function openOption(json: unknown): { val: unknown } | null {
  if (isAbsent(json)) return null;
  const { tag, val, ...rest }: Json = isObject(json) ? json : {};
  if (Object.keys(rest).length > 0) return { val: json };
  return tag === "none" ? null : { val: tag === "some" ? val : json };
}
