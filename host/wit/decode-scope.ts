import type { Definition, Sort } from "./definition.ts";
import type { WitFunction, WitResource, WitType } from "./type.ts";

/** A type that values may have. */
export interface ValueType {
  kind: "value";
  type: WitType;
  /** Whether it was imported or exported under a name. */
  isNamed: boolean;
  /** How many types it is written with, and how deep they lie within each other. */
  size: number;
  depth: number;
  /** What of it cannot be run or said. */
  foreign: readonly string[];
}

/** A function but for its name. */
export interface Signature extends Omit<WitFunction, "name"> {
  size: number;
  foreign: readonly string[];
}

export type TypeEntry =
  | ValueType
  | { kind: "resource"; resource: WitResource }
  | { kind: "func"; func: Signature }
  /** An instance type is evaluated anew for each instance: its resources are those of the instance. */
  | { kind: "instance"; definitions: readonly Definition[]; scope: Scope }
  | { kind: "component" };

export type Exports = Map<string, Item>;

/** What an index refers to. */
export type Item =
  | { sort: "func"; func: Signature }
  | { sort: "type"; type: TypeEntry }
  | { sort: "instance"; exports: Exports }
  /** Evaluated anew each time it is instantiated, in the scope that it stands in; null: one that is imported. */
  | { sort: "component"; component: { definitions: readonly Definition[]; scope: Scope } | null }
  | { sort: "other"; what: string };

export type ItemOf<Of extends Sort> = Extract<Item, { sort: Of }>;

/** The index spaces of a component, or of an instance type. */
export class Scope {
  readonly #parent: Scope | null;
  readonly #spaces: Record<Sort, Item[]> = { func: [], type: [], instance: [], component: [], other: [] };

  constructor(parent: Scope | null) {
    this.#parent = parent;
  }

  /** Whether it is that of the whole component. */
  get isRoot(): boolean {
    return this.#parent === null;
  }

  add(item: Item): void {
    this.#spaces[item.sort].push(item);
  }

  /** Errors: RangeError if there is none. */
  get<Of extends Sort>(sort: Of, index: number): ItemOf<Of> {
    const item = this.#spaces[sort][index];
    if (!item) throw new RangeError(`There is no ${sort} ${index}: there are ${this.#spaces[sort].length}.`);
    return item as ItemOf<Of>;
  }

  /** The scope that lies `count` scopes further out. */
  outer(count: number): Scope {
    if (count === 0) return this;
    if (!this.#parent) throw new RangeError(`There are too few scopes around this one: ${count} more are wanted.`);
    return this.#parent.outer(count - 1);
  }
}
