import { digestOf, type Digest } from "../base/id.ts";
import { listUnprovided } from "../component/blocking-world.ts";
import { isAgentWorld } from "../imports/guest-imports.ts";
import { decodeWorld } from "../wit/decode.ts";
import { canonicalNames } from "../wit/name.ts";
import { printWorld } from "../wit/print.ts";

/** What `planaria inspect --json` prints of a component. */
export interface ComponentInspection {
  file: string;
  digest: Digest;
  sizeBytes: number;
  /** Of which of Planaria's worlds it is. */
  world: "agent" | "blocking";
  /** Its types as WIT text. */
  wit: string;
  /** What can be called, in whole names; null: a guest of the SDK says that by itself. */
  functions: string[] | null;
  imports: {
    /** The interfaces of which this host has all that it wants. */
    provided: string[];
    /** Functions that nobody provides, unless an adapter does. */
    missing: string[];
  };
  /** What no host of this version can do, in words. */
  unsupported: string[];
}

/** Reads what there is to know of a component without running it. Errors: those of `decodeWorld`. */
export function inspectComponent(file: string, bytes: Uint8Array): ComponentInspection {
  const world = decodeWorld(bytes);
  const isAgent = isAgentWorld(world);
  const missing = isAgent ? [] : listUnprovided(world, new Set());
  const isMissing = (from: string) => missing.some((name) => name.startsWith(`${from}#`));
  return {
    file,
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    world: isAgent ? "agent" : "blocking",
    wit: printWorld(world),
    functions: isAgent ? null : canonicalNames(world),
    imports: {
      provided: world.imports.interfaces.map(({ name }) => name).filter((name) => !isMissing(name)),
      missing,
    },
    unsupported: [...world.unsupported],
  };
}

/** The WIT text, with the rest as its comments. */
export function formatComponent({ wit, imports, unsupported }: ComponentInspection): string {
  const lists = [
    ["Provided by Planaria", imports.provided],
    ["Provided by nobody, unless --import names an adapter", imports.missing],
    ["Not supported", unsupported],
  ] as const;
  const comments = lists
    .filter(([, names]) => names.length > 0)
    .map(([head, names]) => [`// ${head}:`, ...names.map((name) => `//   ${name}`)].join("\n"));
  return [wit.trimEnd(), ...comments].join("\n\n");
}
