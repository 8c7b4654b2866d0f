import {
  escapeLabel,
  escapePath,
  indent,
  isPublic,
  joinParts,
  printBlock,
  splitName,
  type Block,
  type Homes,
} from "./print-block.ts";
import type { WitFunction, WitInterface, WitResource, WitSide, WitType, WitTypeName, WitWorld } from "./type.ts";

/**
 * A component's types as WIT text: its world, and behind that the packages with the interfaces that it refers to.
 *
 * An interface that is imported and exported is printed once, with what either side has of it. With a line `package …;`
 * before it, the text is a file that WIT tools read.
 */
export function printWorld(world: WitWorld): string {
  const homes = findHomes(world);
  const packages = new Map<string, string[][]>();
  for (const block of mergeInterfaces(world)) {
    const { packageName, name } = splitName(block.owner);
    const { types, functions } = printBlock(block, homes);
    const lines = [`interface ${escapeLabel(name)} {`, ...indent(joinParts([types, functions])), "}"];
    packages.set(packageName, [...(packages.get(packageName) ?? []), lines]);
  }
  const texts = [...packages].map(([name, parts]) => [
    `package ${escapePath(name)} {`,
    ...indent(joinParts(parts)),
    "}",
  ]);
  return `${joinParts([printBody(world, homes), ...texts]).join("\n")}\n`;
}

function printBody({ imports, exports }: WitWorld, homes: Homes): string[] {
  const types = [...imports.types, ...exports.types];
  const print = (keyword: string, { interfaces, functions }: WitSide) => {
    // A resource of the world takes its functions along, from either side.
    const block = printBlock({ owner: "", types, functions }, homes);
    return [
      ...interfaces.flatMap((each) => printReference(keyword, each, homes)),
      ...block.functions.map((line) => `${keyword} ${line}`),
    ];
  };
  const functions = [...imports.functions, ...exports.functions];
  const parts = [
    print("import", imports),
    printBlock({ owner: "", types, functions }, homes).types,
    print("export", exports),
  ];
  return ["world root {", ...indent(joinParts(parts)), "}"];
}

/** An interface as the world refers to it: by its path, or written out if it has none. */
function printReference(keyword: string, { name, types, functions }: WitInterface, homes: Homes): string[] {
  if (isPublic(name)) return [`${keyword} ${escapePath(name)};`];
  const block = printBlock({ owner: name, types, functions }, homes);
  return [`${keyword} ${escapeLabel(name)}: interface {`, ...indent(joinParts([block.types, block.functions])), "}"];
}

/** Interfaces come in an order in which each type is defined before it is used. */
function findHomes({ imports, exports }: WitWorld): Homes {
  const homes = new Map<WitType | WitResource, { owner: string; name: string }>();
  const sides = [imports, exports];
  const blocks = [...sides.flatMap(({ interfaces }) => interfaces), ...sides.map(({ types }) => ({ name: "", types }))];
  for (const { name: owner, types } of blocks) {
    for (const { name, type } of types) if (!homes.has(type)) homes.set(type, { owner, name });
  }
  return homes;
}

/** The interfaces that lie in packages; of one that is on both sides, what either has. */
function mergeInterfaces({ imports, exports }: WitWorld): Block[] {
  const merged = new Map<string, { types: WitTypeName[]; functions: WitFunction[] }>();
  for (const { name, types, functions } of [...imports.interfaces, ...exports.interfaces]) {
    if (!isPublic(name)) continue;
    const other = merged.get(name) ?? { types: [], functions: [] };
    merged.set(name, {
      types: mergeByName(other.types, types),
      functions: mergeByName(other.functions, functions),
    });
  }
  return [...merged].map(([owner, block]) => ({ owner, ...block }));
}

function mergeByName<Item extends { name: string }>(some: readonly Item[], more: readonly Item[]): Item[] {
  const names = new Set(some.map(({ name }) => name));
  return [...some, ...more.filter(({ name }) => !names.has(name))];
}
