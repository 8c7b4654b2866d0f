import type { WitFunction, WitResource, WitType } from "./type.ts";

/** How names are written; by default as they are. */
export interface Wording {
  /** The name of a field, a parameter or a function. */
  label(name: string): string;
  /** What a type is called where it is written; undefined: it is written out, if it has no name of its own. */
  type(type: WitType | WitResource): string | undefined;
}

const plain: Wording = { label: (name) => name, type: () => undefined };

/** A type in WIT's words: `list<u8>`, `option<string>`, `own<bucket>`; one that has a name, by its name. */
export function formatType(type: WitType, wording: Wording = plain): string {
  const format = (each: WitType) => formatType(each, wording);
  const said = wording.type(type);
  if (said !== undefined) return said;
  switch (type.kind) {
    case "list":
      return type.length === undefined
        ? `list<${format(type.element)}>`
        : `list<${format(type.element)}, ${type.length}>`;
    case "tuple":
      return `tuple<${type.elements.map(format).join(", ")}>`;
    case "option":
      return `option<${format(type.element)}>`;
    case "result":
      return formatResult(type.ok && format(type.ok), type.error && format(type.error));
    case "own":
    case "borrow":
      return `${type.kind}<${wording.type(type.resource) ?? type.resource.name}>`;
    case "record":
    case "variant":
    case "enum":
    case "flags":
      return wording.label(type.name);
    default:
      return type.kind;
  }
}

function formatResult(ok: string | null, error: string | null): string {
  if (error !== null) return `result<${ok ?? "_"}, ${error}>`;
  return ok === null ? "result" : `result<${ok}>`;
}

/** A function in WIT's words: `add-two: func(a: u32, b: u32) -> u32`. */
export function formatFunction(func: WitFunction, wording: Wording = plain): string {
  return `${wording.label(func.name)}: ${func.isAsync ? "async " : ""}func${formatSignature(func, wording)}`;
}

/** What follows a function's name and `func`. */
export function formatSignature({ params, result }: Omit<WitFunction, "name">, wording: Wording): string {
  const list = params.map(({ name, type }) => `${wording.label(name)}: ${formatType(type, wording)}`).join(", ");
  return `(${list})${result ? ` -> ${formatType(result, wording)}` : ""}`;
}
