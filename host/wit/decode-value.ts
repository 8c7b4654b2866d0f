import type { Scope, Signature, ValueType } from "./decode-scope.ts";
import type { LabeledType, TypeDefinition, TypeReference } from "./definition.ts";
import type { WitNamed, WitType } from "./type.ts";

/** Values are read and written by functions that call themselves once for each level. */
const mostDeep = 100;

/** Stands for a type that cannot be said: what is written with it is left out of the world. */
const unsaid: WitType = { kind: "tuple", elements: [] };

const nominalKinds = new Set(["record", "variant", "enum", "flags"]);

export function isNominal(type: WitType): type is WitNamed {
  return nominalKinds.has(type.kind);
}

export type FunctionDefinition = Extract<TypeDefinition, { kind: "func" }>;
export type ValueDefinition = Exclude<TypeDefinition, { kind: "func" | "resource" | "instance" | "component" }>;

/** What a definition of a type of values means in its scope. Errors: RangeError. */
export function resolveValue(definition: ValueDefinition, scope: Scope): ValueType {
  const uses = new Uses(scope);
  const type = toType(definition, uses);
  if (uses.depth >= mostDeep) throw new RangeError(`More than ${mostDeep} types of values lie within each other.`);
  return { kind: "value", type, isNamed: false, size: uses.size, depth: uses.depth + 1, foreign: [...uses.foreign] };
}

/** What a definition of a type of functions means in its scope. Errors: RangeError. */
export function resolveFunction({ params, result, isAsync }: FunctionDefinition, scope: Scope): Signature {
  const uses = new Uses(scope);
  const types = { params: uses.labeled(params), result: uses.optional(result) };
  return { ...types, ...(isAsync && { isAsync }), size: uses.size, foreign: [...uses.foreign] };
}

/** Looks up the types that a definition uses, and counts them. */
class Uses {
  readonly foreign = new Set<string>();
  size = 1;
  depth = 0;
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  type(reference: TypeReference): WitType {
    this.size += 1;
    if (reference === "error-context") {
      this.foreign.add("an error-context");
      return unsaid;
    }
    if (typeof reference === "string") return { kind: reference };
    const { type: used } = this.#scope.get("type", reference);
    if (used.kind !== "value") throw new RangeError(`Type ${reference} is a type of a ${used.kind}, not of a value.`);
    const { type, isNamed } = used;
    if (!isNamed) this.size += used.size;
    this.depth = Math.max(this.depth, used.depth);
    for (const what of used.foreign) this.foreign.add(what);
    if (isNominal(type) && !isNamed) this.foreign.add(`a ${type.kind} without a name`);
    return type;
  }

  optional(reference: TypeReference | null): WitType | null {
    return reference === null ? null : this.type(reference);
  }

  labeled(types: LabeledType[]): { name: string; type: WitType }[] {
    return types.map(({ name, type }) => ({ name, type: this.type(type) }));
  }

  handle(kind: "own" | "borrow", index: number): WitType {
    const { type: used } = this.#scope.get("type", index);
    if (used.kind !== "resource") throw new RangeError(`Type ${index} is a type of a ${used.kind}, not a resource.`);
    return { kind, resource: used.resource };
  }
}

function toType(definition: ValueDefinition, uses: Uses): WitType {
  // A type is named when it is imported or exported.
  const name = "";
  switch (definition.kind) {
    case "primitive":
      return { kind: definition.primitive };
    case "record":
      return { kind: "record", name, fields: uses.labeled(definition.fields) };
    case "variant":
      return {
        kind: "variant",
        name,
        cases: definition.cases.map((each) => ({ name: each.name, type: uses.optional(each.type) })),
      };
    case "enum":
    case "flags":
      return { kind: definition.kind, name, names: definition.names };
    case "list":
      return {
        kind: "list",
        element: uses.type(definition.element),
        ...(definition.length !== undefined && { length: definition.length }),
      };
    case "tuple":
      return { kind: "tuple", elements: definition.elements.map((each) => uses.type(each)) };
    case "option":
      return { kind: "option", element: uses.type(definition.element) };
    case "result":
      return { kind: "result", ok: uses.optional(definition.ok), error: uses.optional(definition.error) };
    case "own":
    case "borrow":
      return uses.handle(definition.kind, definition.resource);
    case "foreign":
      uses.foreign.add(definition.what);
      return unsaid;
  }
}
