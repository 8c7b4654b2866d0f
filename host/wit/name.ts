import { HostError } from "../base/error.ts";
import { suggestName } from "../base/nearest.ts";
import { camelCase, pascalCase } from "./spelling.ts";
import type { WitFunction, WitInterface, WitWorld } from "./type.ts";

/** A function that a component exports. */
export interface Found {
  /** Its canonical name: `add-two`, `docs:adder/add@0.1.0#add`, `docs:store/buckets#[method]bucket.get`. */
  name: string;
  func: WitFunction;
  /** null: the world itself exports it. */
  interface: WitInterface | null;
}

const label = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$-]*`;

/** What callers may write as a function's name, as the source of a regular expression with the flag `u`. */
export const functionPattern = String.raw`(?:\p{ID_Start}[\p{ID_Continue}:/@.+-]*#)?(?:\[(?:constructor|method|static)\])?${label}(?:\.${label})?`;

/** An interface's name without its version, as jco's glue has it. */
export const withoutVersion = (name: string): string => name.replace(/@[^/#]*$/, "");

/**
 * Of these functions, by their canonical names, those that a caller may mean.
 *
 * A name may be written in camel case, without the interface's version, without the interface, and that of what belongs
 * to a resource as `bucket`, `bucket.get`; the more of the name is said, the sooner it is meant.
 */
export function matchNames(names: readonly string[], said: string): string[] {
  if (names.includes(said)) return [said];
  const whole = names.filter((name) => wholeSpellings(name).includes(said));
  return whole.length > 0 ? whole : names.filter((name) => localSpellings(name).includes(said));
}

/**
 * The function that a caller means, as `matchNames` has it.
 *
 * Errors: HostError `rpc/unknown-function`, `rpc/ambiguous-name`.
 */
export function findFunction(world: WitWorld, said: string): Found {
  const all = exportedFunctions(world);
  const names = all.map(({ name }) => name);
  const candidates = matchNames(names, said);
  const data = { name: said };
  if (candidates.length === 1) return all.find(({ name }) => name === candidates[0])!;
  if (candidates.length === 0) {
    const spellings = names.flatMap((name) => [...wholeSpellings(name), ...localSpellings(name)]);
    const hint = suggestName(said, names, spellings);
    throw new HostError("rpc/unknown-function", `There is no function ${JSON.stringify(said)}. ${hint}`, { data });
  }
  throw new HostError(
    "rpc/ambiguous-name",
    `${JSON.stringify(said)} may be any of these; write it out:\n  ${candidates.join("\n  ")}`,
    { data: { ...data, candidates } },
  );
}

/** The names of all functions that a component exports. */
export function canonicalNames(world: WitWorld): string[] {
  return exportedFunctions(world).map(({ name }) => name);
}

/**
 * The way to a function in what jco's glue exports.
 *
 * Shape:  a function of a resource is reached through its class: a method by its name on the object itself, a static
 *         function on the class, a constructor as the static `$new`.
 */
export function functionPath({ func, interface: from }: Found): string[] {
  // An interface that the world defines by itself is a name like any other to jco.
  const root = from === null ? [] : [from.name.includes(":") ? from.name : camelCase(from.name)];
  const { kind, resource, local } = splitName(func.name);
  if (resource === null) return [...root, camelCase(local)];
  return [...root, pascalCase(resource), kind === "constructor" ? "$new" : camelCase(local)];
}

/** How jco's glue calls an imported function: `addTwo`; for those of a resource, its class: `Bucket`. */
export function jsName(name: string): string {
  const { resource, local } = splitName(name);
  return resource === null ? camelCase(local) : pascalCase(resource);
}

/** With a function for each resource by which its owner drops it, which is no export of its own. */
function exportedFunctions({ exports }: WitWorld): Found[] {
  return [
    ...exports.functions.map((func) => ({ name: func.name, func, interface: null })),
    ...exports.interfaces.flatMap((from) =>
      [...from.functions, ...dropsOf(from)].map((func) => ({
        name: `${from.name}#${func.name}`,
        func,
        interface: from,
      })),
    ),
  ];
}

function dropsOf({ name: owner, types }: WitInterface): WitFunction[] {
  return types.flatMap(({ name, type: resource }) =>
    resource.kind === "resource" && resource.owner === owner
      ? [
          {
            name: `[drop]${name}.drop`,
            params: [{ name: "self", type: { kind: "own", resource } as const }],
            result: null,
          },
        ]
      : [],
  );
}

/** How a function may be written with its interface. */
function wholeSpellings(name: string): string[] {
  const [from] = name.split("#");
  const local = localSpellings(name);
  return name.includes("#")
    ? [from!, withoutVersion(from!)].flatMap((each) => local.map((one) => `${each}#${one}`))
    : local;
}

/** How a function may be written within its interface. */
function localSpellings(name: string): string[] {
  const local = name.slice(name.indexOf("#") + 1);
  return [local, local.replace(/[\w-]+/g, camelCase)].flatMap((each) => [each, each.replace(/^\[\w+\]/, "")]);
}

/** The parts of a function's name within its interface: `[method]bucket.get` is a method, of `bucket`, called `get`. */
export function splitName(name: string): { kind: string; resource: string | null; local: string } {
  const {
    kind = "function",
    resource = null,
    local,
  } = /^(?:\[(?<kind>\w+)\](?<resource>[^.]+)\.?)?(?<local>.*)$/.exec(name)!.groups!;
  return { kind, resource, local: local! };
}
