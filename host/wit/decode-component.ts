import { Scope, type Exports, type Item, type TypeEntry } from "./decode-scope.ts";
import { isNominal, resolveFunction, resolveValue } from "./decode-value.ts";
import type { Definition, Description, NamedReference, TypeDefinition } from "./definition.ts";
import type { WitResource } from "./type.ts";

/** What a root component takes and gives, by name and in order. */
export interface Surface {
  imports: Exports;
  exports: Exports;
  /** What it is made with that cannot be run, whoever uses it. */
  foreign: string[];
}

/** Definitions that are evaluated, and types that they are written with. A large component has some ten thousand. */
const mostWork = 1_000_000;
/** How deep components instantiate each other: each level takes its part of the host's stack. */
const mostDeep = 100;

/**
 * Finds out what a component takes and gives, by following its definitions. A component within it is followed where it is
 * instantiated, with what it is given there.
 *
 * Errors: RangeError if a definition refers to what is not there, or if following them takes too long.
 */
export function evaluateComponent(definitions: readonly Definition[]): Surface {
  return new Evaluation().followRoot(definitions);
}

type Take = (name: string, description: Description, scope: Scope) => Item;

class Evaluation {
  readonly #foreign: string[] = [];
  /** Resources that the component defines itself, and that no interface has exported yet. */
  readonly #unclaimed = new Set<WitResource>();
  #work = 0;
  #depth = 0;

  followRoot(definitions: readonly Definition[]): Surface {
    const imports: Exports = new Map();
    const exports: Exports = new Map();
    const take: Take = (name, description, scope) => {
      const item = this.#describe(name, description, scope, description.sort === "instance" ? name : "");
      this.#spend(sizeOf(item));
      putNew(imports, name, item);
      return item;
    };
    this.#follow(definitions, new Scope(null), exports, take, "");
    return { imports, exports, foreign: this.#foreign };
  }

  /** `owner`: whose new resources are that the definitions declare. */
  #follow(definitions: readonly Definition[], scope: Scope, exports: Exports, take: Take, owner: string): void {
    if (this.#depth >= mostDeep) throw new RangeError(`More than ${mostDeep} components instantiate each other.`);
    this.#depth += 1;
    for (const definition of definitions) {
      this.#spend(1);
      const item = this.#define(definition, scope, take, owner);
      if (!item) continue;
      scope.add(item);
      if (definition.kind !== "export" && definition.kind !== "declare") continue;
      this.#spend(sizeOf(item));
      if (scope.isRoot) this.#claim(definition.name, item);
      putNew(exports, definition.name, item);
    }
    this.#depth -= 1;
  }

  #define(definition: Definition, scope: Scope, take: Take, owner: string): Item | null {
    switch (definition.kind) {
      case "type":
        return { sort: "type", type: this.#defineType(definition.type, scope) };
      case "import":
        return take(definition.name, definition.description, scope);
      case "declare":
        return this.#describe(definition.name, definition.description, scope, owner);
      case "export":
        return this.#export(definition, scope);
      case "alias-export":
        if (definition.sort === "other") return null;
        return find(scope.get("instance", definition.instance).exports, definition.name, definition.sort);
      case "alias-outer":
        return definition.sort === "other"
          ? null
          : scope.outer(definition.count).get(definition.sort, definition.index);
      case "component":
        return { sort: "component", component: { definitions: definition.definitions, scope } };
      case "instantiate":
        return this.#instantiate(definition, scope);
      case "bundle":
        return { sort: "instance", exports: this.#gather(definition.exports, scope, rename) };
      case "lift": {
        const { type } = scope.get("type", definition.type);
        if (type.kind !== "func") throw new RangeError(`Type ${definition.type} is not a type of a function.`);
        return { sort: "func", func: type.func };
      }
      case "foreign":
        this.#foreign.push(definition.what);
        return null;
    }
  }

  #defineType(definition: TypeDefinition, scope: Scope): TypeEntry {
    switch (definition.kind) {
      case "resource": {
        const resource: WitResource = { kind: "resource", name: "", owner: "" };
        this.#unclaimed.add(resource);
        return { kind: "resource", resource };
      }
      case "func": {
        const func = resolveFunction(definition, scope);
        this.#spend(func.size);
        return { kind: "func", func };
      }
      case "instance":
        return { kind: "instance", definitions: definition.definitions, scope };
      case "component":
        return { kind: "component" };
      default: {
        const value = resolveValue(definition, scope);
        this.#spend(value.size);
        return value;
      }
    }
  }

  /** Makes what a description asks for, under the name that it is given. */
  #describe(name: string, description: Description, scope: Scope, owner: string): Item {
    switch (description.sort) {
      case "func": {
        const { type } = scope.get("type", description.type);
        if (type.kind !== "func") throw new RangeError(`${name} is of type ${description.type}, not a function's.`);
        return { sort: "func", func: type.func };
      }
      case "type":
        if (description.equal !== null)
          return { sort: "type", type: rename(scope.get("type", description.equal).type, name) };
        return { sort: "type", type: { kind: "resource", resource: { kind: "resource", name, owner } } };
      case "instance": {
        const { type } = scope.get("type", description.type);
        if (type.kind !== "instance")
          throw new RangeError(`${name} is of type ${description.type}, not an instance's.`);
        const exports: Exports = new Map();
        this.#follow(type.definitions, new Scope(type.scope), exports, refuseImport, owner);
        return { sort: "instance", exports };
      }
      case "component":
        return { sort: "component", component: null };
      case "other":
        return { sort: "other", what: description.what };
    }
  }

  #export({ name, of, description }: Extract<Definition, { kind: "export" }>, scope: Scope): Item {
    if (of.sort === "other") return { sort: "other", what: "a core module or a value" };
    const item = scope.get(of.sort, of.index);
    if (item.sort === "type") return { sort: "type", type: rename(item.type, name) };
    if (!description) return item;
    const said = this.#describe(name, description, scope, "");
    if (item.sort === "func") return said;
    if (item.sort !== "instance" || said.sort !== "instance") return item;
    // It may be said to be less than it is. Its resources stay what they are.
    return { sort: "instance", exports: new Map([...item.exports].filter(([key]) => said.exports.has(key))) };
  }

  #instantiate({ component: index, args }: Extract<Definition, { kind: "instantiate" }>, scope: Scope): Item {
    const { component } = scope.get("component", index);
    if (!component) throw new RangeError(`Component ${index} is imported.`);
    const given = this.#gather(args, scope, (entry) => entry);
    const take: Take = (name, description) => find(given, name, description.sort);
    const exports: Exports = new Map();
    this.#follow(component.definitions, new Scope(component.scope), exports, take, "");
    return { sort: "instance", exports };
  }

  #gather(references: NamedReference[], scope: Scope, nameType: typeof rename): Exports {
    this.#spend(references.length);
    const exports: Exports = new Map();
    for (const { name, sort, index } of references) {
      const item: Item = sort === "other" ? { sort, what: "a core module or a value" } : scope.get(sort, index);
      putNew(exports, name, item.sort === "type" ? { sort: "type", type: nameType(item.type, name) } : item);
    }
    return exports;
  }

  /** A resource that the component defines belongs to the first interface that exports it, under the name it has there. */
  #claim(name: string, item: Item): void {
    const types = item.sort === "instance" ? item.exports : new Map([[name, item]]);
    for (const [key, each] of types) {
      if (each.sort !== "type" || each.type.kind !== "resource") continue;
      const { resource } = each.type;
      if (!this.#unclaimed.delete(resource)) continue;
      resource.name = key;
      resource.owner = item.sort === "instance" ? name : "";
    }
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > mostWork) throw new RangeError(`Its types take more than ${mostWork} steps to follow.`);
  }
}

/** A type is named by the first import or export that it goes through; what has a name keeps it, whatever others call it. */
function rename(entry: TypeEntry, name: string): TypeEntry {
  if (entry.kind !== "value" || entry.isNamed) return entry;
  return { ...entry, isNamed: true, type: isNominal(entry.type) ? { ...entry.type, name } : { ...entry.type } };
}

/** How much there is to say of what a component takes or gives, which may be the same thing many times over. */
function sizeOf(item: Item): number {
  if (item.sort === "func") return item.func.size;
  if (item.sort === "type") return item.type.kind === "value" ? item.type.size : 1;
  if (item.sort !== "instance") return 1;
  // An instance within an instance is refused, and not looked into.
  return [...item.exports.values()].reduce((sum, each) => sum + (each.sort === "instance" ? 1 : sizeOf(each)), 1);
}

const refuseImport: Take = (name) => {
  throw new RangeError(`An instance type imports ${name}.`);
};

function find(exports: Exports, name: string, sort: Item["sort"]): Item {
  const item = exports.get(name);
  if (item?.sort !== sort) throw new RangeError(`There is no ${sort} ${JSON.stringify(name)} where one is expected.`);
  return item;
}

function putNew(exports: Exports, name: string, item: Item): void {
  if (exports.has(name)) throw new RangeError(`There are two of the name ${JSON.stringify(name)}.`);
  exports.set(name, item);
}
