/*
 * What a component says of its own types, in WIT's words. Types are plain data: they are posted to worker threads.
 * A named type is one object, wherever it is referred to.
 */

export type WitPrimitive =
  | "bool"
  | "s8"
  | "u8"
  | "s16"
  | "u16"
  | "s32"
  | "u32"
  | "s64"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

export type WitType =
  | { kind: WitPrimitive }
  /** `length`: of a list of fixed length. */
  | { kind: "list"; element: WitType; length?: number }
  | { kind: "tuple"; elements: WitType[] }
  | { kind: "option"; element: WitType }
  /** null: a side that carries nothing. */
  | { kind: "result"; ok: WitType | null; error: WitType | null }
  | WitNamed
  | { kind: "own" | "borrow"; resource: WitResource };

/** Types that WIT gives a name; names are in kebab case, as WIT writes them. */
export type WitNamed = { name: string } & (
  | { kind: "record"; fields: { name: string; type: WitType }[] }
  | { kind: "variant"; cases: { name: string; type: WitType | null }[] }
  | { kind: "enum"; names: string[] }
  | { kind: "flags"; names: string[] }
);

export interface WitResource {
  kind: "resource";
  name: string;
  /** The interface that defines it: `wasi:io/poll@0.2.3`; empty: the world itself. */
  owner: string;
}

export interface WitFunction {
  /** As the component has it: `add-two`, `[constructor]bucket`, `[method]bucket.get`, `[static]bucket.open`. */
  name: string;
  /** Those of a method include `self`. */
  params: { name: string; type: WitType }[];
  result: WitType | null;
  /** That it is an `async func`, which world `blocking` does without. */
  isAsync?: true;
}

export interface WitInterface {
  /** `docs:adder/add@0.1.0`, or the plain name of an interface that the world defines by itself. */
  name: string;
  /** Named types and resources that it defines or takes over from others. */
  types: WitTypeName[];
  functions: WitFunction[];
}

/** A name for a type: for a `WitNamed` or a resource its own, or another one that an alias gives it. */
export interface WitTypeName {
  name: string;
  type: WitType | WitResource;
}

/** One side of a world. */
export interface WitSide {
  interfaces: WitInterface[];
  /** Types that stand in the world itself. */
  types: WitTypeName[];
  functions: WitFunction[];
}

export interface WitWorld {
  imports: WitSide;
  exports: WitSide;
  /** What the component needs that cannot be run or said here, each with where it stands; see `refuseUnsupported`. */
  unsupported: string[];
}
