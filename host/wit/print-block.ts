import { formatFunction, formatSignature, formatType, type Wording } from "./format.ts";
import type { WitFunction, WitResource, WitType, WitTypeName } from "./type.ts";

/** What types and functions are printed together: an interface, or the world itself. */
export interface Block {
  /** The interface's name; empty: the world. */
  owner: string;
  types: readonly WitTypeName[];
  functions: readonly WitFunction[];
}

/** Where each type is defined, and under which name: whoever names it first defines it, and others use it. */
export type Homes = ReadonlyMap<WitType | WitResource, { owner: string; name: string }>;

/** The lines that define a block's types, resources with their functions among them, and those of the other functions. */
export function printBlock(block: Block, homes: Homes): { types: string[]; functions: string[] } {
  const wording = wordingOf(block);
  const definitions = block.types
    .filter((each) => !isUsed(each, block.owner, homes))
    .map((each) => printDefinition(each, block, homes, wording));
  const functions = block.functions.filter(({ name }) => !memberName.test(name));
  return {
    types: joinParts([printUses(block, homes), ...definitions]),
    functions: functions.map((func) => `${formatFunction(func, wording)};`),
  };
}

/** Parts with an empty line between them. */
export function joinParts(parts: string[][]): string[] {
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index > 0 ? ["", ...part] : part));
}

export function indent(lines: string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}

const keywords = new Set(
  `as async bool borrow char constructor enum error-context export f32 f64 flags from func future import include interface
  list map option own package record resource result s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use
  variant with world`.split(/\s+/),
);

/** A name that may be a keyword. */
export function escapeLabel(name: string): string {
  return keywords.has(name) ? `%${name}` : name;
}

/** `docs:adder/add@0.1.0`, where any part may be a keyword. */
export function escapePath(name: string): string {
  return name.replace(/^[^@]*/, (path) => path.replace(/[^:/]+/g, escapeLabel));
}

/** Only an interface that lies in a package can be referred to. */
export function isPublic(name: string): boolean {
  return name.includes(":");
}

/** `docs:adder/add@0.1.0` is interface `add` of package `docs:adder@0.1.0`. */
export function splitName(full: string): { packageName: string; name: string } {
  const [path, ...version] = full.split("@");
  const slash = path!.lastIndexOf("/");
  return { packageName: [path!.slice(0, slash), ...version].join("@"), name: path!.slice(slash + 1) };
}

/** In a block, a type is called by the name that it has there. */
function wordingOf({ types }: Block): Wording {
  const names = new Map<WitType | WitResource, string>();
  for (const { name, type } of types) if (!names.has(type)) names.set(type, escapeLabel(name));
  return {
    label: escapeLabel,
    type: (type) => names.get(type) ?? (type.kind === "own" ? names.get(type.resource) : undefined),
  };
}

/** Whether a type is defined elsewhere, where it can be referred to. */
function isUsed({ type }: WitTypeName, owner: string, homes: Homes): boolean {
  const home = homes.get(type);
  return !!home && home.owner !== owner && isPublic(home.owner);
}

/** One line for each interface whose types a block uses. */
function printUses({ owner, types }: Block, homes: Homes): string[] {
  const lists = new Map<string, string[]>();
  for (const each of types.filter((type) => isUsed(type, owner, homes))) {
    const home = homes.get(each.type)!;
    const rename = home.name === each.name ? "" : ` as ${escapeLabel(each.name)}`;
    lists.set(home.owner, [...(lists.get(home.owner) ?? []), escapeLabel(home.name) + rename]);
  }
  return [...lists].map(([from, names]) => `use ${escapePath(shorten(from, owner))}.{${names.join(", ")}};`);
}

/** What an interface is called in another one: within a package, by its own name. */
function shorten(name: string, from: string): string {
  const there = splitName(name);
  return isPublic(from) && splitName(from).packageName === there.packageName ? there.name : name;
}

function printDefinition({ name, type }: WitTypeName, block: Block, homes: Homes, wording: Wording): string[] {
  const label = escapeLabel(name);
  const home = homes.get(type);
  const isAlias = home?.owner === block.owner && home.name !== name;
  if (isAlias) return [`type ${label} = ${escapeLabel(home.name)};`];
  const open = (lines: string[]) => [`${type.kind} ${label} {`, ...indent(lines), "}"];
  switch (type.kind) {
    case "resource":
      return printResource(label, name, block, wording);
    case "record":
      return open(type.fields.map((each) => `${escapeLabel(each.name)}: ${formatType(each.type, wording)},`));
    case "variant":
      return open(
        type.cases.map((each) => `${escapeLabel(each.name)}${each.type ? `(${formatType(each.type, wording)})` : ""},`),
      );
    case "enum":
    case "flags":
      return open(type.names.map((each) => `${escapeLabel(each)},`));
    default:
      // A copy has no name, so it is written out.
      return [`type ${label} = ${formatType({ ...type }, wording)};`];
  }
}

/** `[constructor]bucket`, `[method]bucket.get`, `[static]bucket.open`. */
const memberName = /^\[(?:async )?(constructor|method|static)\]([^.]+)(?:\.(.+))?$/;

function printResource(label: string, name: string, { functions }: Block, wording: Wording): string[] {
  const members = functions.flatMap((func) => {
    const [, kind, resource, member] = memberName.exec(func.name) ?? [];
    return resource === name ? [`${printMember(kind!, member ?? "", func, wording)};`] : [];
  });
  return members.length > 0 ? [`resource ${label} {`, ...indent(members), "}"] : [`resource ${label};`];
}

function printMember(kind: string, name: string, func: WitFunction, wording: Wording): string {
  const { params, result, isAsync } = func;
  // A constructor says what it gives only if it may fail.
  if (kind === "constructor")
    return `constructor${formatSignature({ params, result: result?.kind === "own" ? null : result }, wording)}`;
  const given = kind === "method" ? params.slice(1) : params;
  const modifiers = `${kind === "static" ? "static " : ""}${isAsync ? "async " : ""}`;
  return `${escapeLabel(name)}: ${modifiers}func${formatSignature({ params: given, result }, wording)}`;
}
