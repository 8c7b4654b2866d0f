import { HostError } from "../base/error.ts";
import { functionsOf, importedInterfaces, isAgentWorld } from "../imports/guest-imports.ts";
import { decodeWorld, refuseUnsupported } from "../wit/decode.ts";
import { jsName, withoutVersion } from "../wit/name.ts";
import type { WitWorld } from "../wit/type.ts";
import { patchGlue } from "./blocking-glue.ts";
import type { Adapted } from "./blocking-world.ts";
import { runThread, threadEntry } from "./thread.ts";
import type { Transpilation, TranspileOrder } from "./transpile-worker.ts";

/** A component taken apart: its core modules by file name, and the JavaScript that joins them. */
export interface Transpiled {
  glue: string;
  modules: Record<string, Uint8Array>;
}

/** A guest in QuickJS takes half a second. */
const transpileLimitMs = 60_000;

/**
 * Reads what a component is made of: its types if it is of world `blocking`, null if it is of world `agent`.
 *
 * Errors: HostError `component/unknown-import`, `component/unsupported`, and those of `decodeWorld`.
 */
export async function readWorld(bytes: Uint8Array, adapted: Adapted): Promise<WitWorld | null> {
  const world = decodeWorld(bytes);
  if (isAgentWorld(world)) {
    checkAgentImports(world);
    return null;
  }
  refuseUnsupported(world);
  const { checkImports } = await loadBlockingWorld();
  checkImports(world, adapted);
  return world;
}

/**
 * Takes a component apart with jco. `world` and `adapted` are as `readWorld` has them.
 *
 * It is done in a thread of its own, which ends afterwards: it takes half a second of CPU and 40 MB, and a component
 * that jco panics at leaves jco unusable.
 * Errors: HostError `component/unreadable`.
 */
export async function transpile(bytes: Uint8Array, world: WitWorld | null, adapted: Adapted): Promise<Transpiled> {
  const names = world && (await loadBlockingWorld()).asyncNames(world, adapted);
  const { files, failure } = await runWorker({ bytes, async: names });
  if (files === null) {
    throw new HostError("component/unreadable", `jco cannot read the component: ${failure}`, { data: { failure } });
  }
  const glueName = Object.keys(files).find((name) => name.endsWith(".js"))!;
  const { [glueName]: glue, ...modules } = files;
  const source = quieten(Buffer.from(glue!).toString("utf8"));
  return { glue: world ? patchGlue(source) : source, modules };
}

/** It knows all of WASI, which takes its time to load. */
const loadBlockingWorld = () => import("./blocking-world.ts");

async function runWorker(order: TranspileOrder): Promise<Transpilation> {
  const made: Transpilation = { files: null, failure: "it ended without a word" };
  try {
    const { message, printed, isLate } = await runThread<Transpilation>(
      threadEntry("transpile-worker"),
      order,
      transpileLimitMs,
    );
    const failure = isLate ? `it took longer than ${transpileLimitMs} ms` : (message ?? made).failure;
    return { ...made, ...message, failure: printed && failure !== null ? `${failure}\n${printed}` : failure };
  } catch (cause) {
    throw new HostError("component/unreadable", "jco cannot read the component: its thread died.", { cause });
  }
}

/** Errors: HostError `component/unknown-import`: an interface of the right name may ask for what it does not have. */
function checkAgentImports({ imports }: WitWorld): void {
  const unknown = [
    ...imports.functions.map(({ name }) => name),
    ...imports.interfaces.flatMap(({ name, functions }) => {
      const offered = importedInterfaces.has(name) ? functionsOf.get(withoutVersion(name)) : null;
      if (!offered) return [name];
      return functions.filter((each) => !offered.includes(jsName(each.name))).map((each) => `${name}#${each.name}`);
    }),
  ];
  if (unknown.length === 0) return;
  throw new HostError(
    "component/unknown-import",
    `The component imports what this host does not have:\n  ${unknown.join("\n  ")}\n  It has ${[...importedInterfaces].join(", ")}. A guest in JavaScript is built with stubbed WASI.`,
    { data: { unknown } },
  );
}

/** jco's glue asks the environment some 50 times a step whether to print what it does: a quarter of the step. */
function quieten(glue: string): string {
  return glue.replace("globalThis?.process?.env?.JCO_DEBUG", "!1");
}
