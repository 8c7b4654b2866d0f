import { HostError } from "../base/error.ts";
import { functionsOf as planariaFunctions } from "../imports/guest-imports.ts";
import { witSdk } from "./description.ts";
import { blockingWasi, wasiInterfaces } from "../wasi/wasi.ts";
import { formatFunction } from "../wit/format.ts";
import { canonicalNames, jsName, withoutVersion } from "../wit/name.ts";
import type { WitFunction, WitInterface, WitWorld } from "../wit/type.ts";

/** The WIT package of Planaria, of which interfaces are provided in this version only. */
const planaria = /^planaria:host\/[a-z]+@0\.1\.0$/;
const wasi = /^wasi:[a-z]+\/[a-z-]+@0\.2\.\d+$/;

/** The names of imports for which there are adapters, without their versions. */
export type Adapted = ReadonlySet<string>;

/**
 * Refuses a component that imports what nobody provides, one by one.
 *
 * Errors: HostError `component/unknown-import`.
 */
export function checkImports(world: WitWorld, adapted: Adapted): void {
  const unknown = listUnprovided(world, adapted);
  if (unknown.length === 0) return;
  const [from] = unknown[0]!.split("#");
  const adapter = unknown[0]!.includes("#") ? `${withoutVersion(from!)}=./adapter.ts` : "'$root=./adapter.ts'";
  throw new HostError(
    "component/unknown-import",
    `The component imports what nobody provides:\n  ${unknown.join("\n  ")}\n  There are planaria:host@0.1.0 and WASI 0.2. Give the rest with an adapter: --import ${adapter}`,
    { data: { unknown } },
  );
}

/** The functions that a component imports and nobody provides. */
export function listUnprovided({ imports }: WitWorld, adapted: Adapted): string[] {
  return [
    ...imports.functions.filter(() => !adapted.has("$root")).map((each) => formatFunction(each)),
    ...imports.interfaces.flatMap((from) =>
      from.functions.filter((each) => !isProvided(from, each, adapted)).map(({ name }) => `${from.name}#${name}`),
    ),
  ];
}

function isProvided({ name }: WitInterface, { name: said }: WitFunction, adapted: Adapted): boolean {
  const bare = withoutVersion(name);
  if (adapted.has(bare)) return true;
  const functions = planaria.test(name) ? planariaFunctions.get(bare) : wasi.test(name) && wasiInterfaces.get(bare);
  // run and invocation are for guests that run their own event loop.
  const isForeign = bare === "planaria:host/run" || bare === "planaria:host/invocation";
  return !!functions && !isForeign && functions.includes(jsName(said));
}

/** Imports that may suspend the guest, and all exports, in jco's words. */
export function asyncNames({ imports, exports }: WitWorld, adapted: Adapted): { imports: string[]; exports: string[] } {
  const namesOf = ({ name: from, functions }: WitInterface) => functions.map(({ name }) => `${from}#${name}`);
  return {
    imports: [
      "planaria:host/operation#await",
      "planaria:host/operation#select",
      ...blockingWasi,
      ...imports.functions.map(({ name }) => name),
      ...imports.interfaces
        .filter(({ name }) => adapted.has(withoutVersion(name)))
        .flatMap(namesOf)
        .filter((name) => !name.includes("[constructor]")),
    ],
    exports: [...exports.functions.map(({ name }) => name), ...exports.interfaces.flatMap(namesOf)],
  };
}

/** What the component offers, in the words of a description; the agent type is named when the component is added. */
export function describeWorld(world: WitWorld): string {
  const functions = canonicalNames(world);
  if (functions.length > 0) {
    return JSON.stringify({
      sdk: witSdk,
      agents: [{ name: "component", params: null, methods: functions.map((name) => ({ name, params: [] })) }],
      functions: functions.map((name) => ({ name, params: null })),
    });
  }
  throw new HostError(
    "component/other-world",
    "The component exports no function: there is nothing to call. Export one from its world, or build it for world `planaria:host/agent`.",
  );
}
