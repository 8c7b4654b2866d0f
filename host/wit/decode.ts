import { HostError } from "../base/error.ts";
import { evaluateComponent, type Surface } from "./decode-component.ts";
import type { Exports, Item } from "./decode-scope.ts";
import { readDefinitions } from "./decode-section.ts";
import { checkHeader, headerSizeBytes } from "./header.ts";
import type { WitInterface, WitSide, WitWorld } from "./type.ts";

/**
 * Reads the types of a component from its bytes: everything that it imports and exports, in the binary's order.
 *
 * What cannot be run is found, too, and listed in `unsupported`: functions and types that cannot be said are left out.
 * Errors: HostError `component/not-wasm`, `component/not-a-component`, `component/encoding`, `component/unreadable`.
 */
export function decodeWorld(bytes: Uint8Array): WitWorld {
  checkHeader(bytes);
  const { imports, exports, foreign } = evaluate(bytes);
  const unsupported = [...foreign];
  return {
    imports: toSide("import", imports, unsupported),
    exports: toSide("export", exports, unsupported),
    unsupported,
  };
}

function evaluate(bytes: Uint8Array): Surface {
  try {
    return evaluateComponent(readDefinitions(bytes, headerSizeBytes, bytes.length));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HostError("component/unreadable", `The component is damaged, or newer than this host: ${cause.message}`, {
      cause,
    });
  }
}

/** As many features are told one by one. */
const mostTold = 100;

/**
 * Refuses a component of which a part cannot be run.
 *
 * Errors: HostError `component/unsupported`, which names each of them.
 */
export function refuseUnsupported({ unsupported }: WitWorld): void {
  if (unsupported.length === 0) return;
  const more = unsupported.length - mostTold;
  const told = [...unsupported.slice(0, mostTold), ...(more > 0 ? [`… and ${more} more`] : [])];
  throw new HostError(
    "component/unsupported",
    `The component needs what Planaria does not have:\n  ${told.join("\n  ")}\n  Planaria runs components of WASI 0.2: functions that block, and not those of the component model's concurrency. Build it for that.`,
    { data: { unsupported: [...unsupported] } },
  );
}

const plainName = /^(?:\[[a-z ]+\])?[a-z][0-9a-z]*(?:-[0-9a-z]+)*(?:\.[a-z][0-9a-z]*(?:-[0-9a-z]+)*)?$/i;
const interfaceName = /^(?:[a-z][0-9a-z-]*:)+[a-z][0-9a-z-]*(?:\/[a-z][0-9a-z-]*)+(?:@[0-9a-z.+-]+)?$/i;

function toSide(direction: "import" | "export", items: Exports, unsupported: string[]): WitSide {
  const side: WitSide = { interfaces: [], types: [], functions: [] };
  for (const [name, item] of items) {
    if (item.sort === "instance" && (plainName.test(name) || interfaceName.test(name)))
      side.interfaces.push(toInterface(name, item.exports, unsupported));
    else addItem(side, name, item, (what) => unsupported.push(`${direction} ${quote(name)}: ${what}`));
  }
  return side;
}

function toInterface(name: string, items: Exports, unsupported: string[]): WitInterface {
  const made: WitInterface = { name, types: [], functions: [] };
  for (const [key, item] of items) {
    addItem(made, key, item, (what) => unsupported.push(`${name}#${quote(key)}: ${what}`));
  }
  return made;
}

const quote = (name: string) => (plainName.test(name) ? name : JSON.stringify(name));

/** Adds a function or a type, or says why it cannot be. */
function addItem(
  to: Pick<WitInterface, "types" | "functions">,
  name: string,
  item: Item,
  refuse: (what: string) => void,
): void {
  if (!plainName.test(name)) return refuse("a name that WIT does not have");
  switch (item.sort) {
    case "func": {
      const { params, result, isAsync, foreign } = item.func;
      if (isAsync) refuse("an async function");
      for (const what of foreign) refuse(what);
      if (foreign.length === 0) to.functions.push({ name, params, result, ...(isAsync && { isAsync }) });
      return;
    }
    case "type": {
      const { type } = item;
      if (type.kind === "resource") to.types.push({ name, type: type.resource });
      else if (type.kind !== "value") refuse("a type that no value has");
      else if (type.foreign.length === 0) to.types.push({ name, type: type.type });
      else for (const what of type.foreign) refuse(what);
      return;
    }
    case "instance":
      return refuse("an instance");
    case "component":
      return refuse("a component");
    case "other":
      return refuse(item.what);
  }
}
