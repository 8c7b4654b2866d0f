import type { WitPrimitive } from "./type.ts";

/*
 * A component as it is written: definitions one after the other, which refer to each other by index.
 * Each adds to the index space of its sort; a component, an instance type and a component type have spaces of their own.
 */

/** The sorts whose index spaces say something about types. Core modules and values are all one here. */
export type Sort = "func" | "type" | "instance" | "component" | "other";

/** A type as it is referred to: a primitive, or an index. */
export type TypeReference = WitPrimitive | "error-context" | number;

export interface LabeledType {
  name: string;
  type: TypeReference;
}

export type TypeDefinition =
  | { kind: "primitive"; primitive: WitPrimitive }
  | { kind: "record"; fields: LabeledType[] }
  | { kind: "variant"; cases: { name: string; type: TypeReference | null }[] }
  | { kind: "enum" | "flags"; names: string[] }
  | { kind: "list"; element: TypeReference; length?: number }
  | { kind: "tuple"; elements: TypeReference[] }
  | { kind: "option"; element: TypeReference }
  | { kind: "result"; ok: TypeReference | null; error: TypeReference | null }
  | { kind: "own" | "borrow"; resource: number }
  /** A type that WIT has and the model has not. */
  | { kind: "foreign"; what: string }
  | { kind: "func"; params: LabeledType[]; result: TypeReference | null; isAsync: boolean }
  | { kind: "resource" }
  | { kind: "instance" | "component"; definitions: Definition[] };

/** What an import, or an export within a type, is said to be. */
export type Description =
  | { sort: "func" | "instance" | "component"; type: number }
  /** null: a new resource. */
  | { sort: "type"; equal: number | null }
  | { sort: "other"; what: string };

export interface Reference {
  sort: Sort;
  index: number;
}

export interface NamedReference extends Reference {
  name: string;
}

export type Definition =
  | { kind: "type"; type: TypeDefinition }
  | { kind: "import"; name: string; description: Description }
  /** Within an instance or component type. */
  | { kind: "declare"; name: string; description: Description }
  | { kind: "export"; name: string; of: Reference; description: Description | null }
  | { kind: "alias-export"; sort: Sort; instance: number; name: string }
  /** `count`: how many scopes further out. */
  | { kind: "alias-outer"; sort: Sort; count: number; index: number }
  | { kind: "component"; definitions: Definition[] }
  | { kind: "instantiate"; component: number; args: NamedReference[] }
  | { kind: "bundle"; exports: NamedReference[] }
  | { kind: "lift"; type: number }
  /** A feature that cannot be run. */
  | { kind: "foreign"; what: string };
