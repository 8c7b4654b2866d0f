import { HostError } from "../base/error.ts";
import { functionsOf, guestInterface, importedInterfaces } from "./guest-imports.ts";
import { runThread, threadEntry } from "./thread.ts";
import type { Transpilation } from "./transpile-worker.ts";

/** A component taken apart: its core modules by file name, and the JavaScript that joins them. */
export interface Transpiled {
  glue: string;
  modules: Record<string, Uint8Array>;
}

/** A guest in QuickJS takes half a second. */
const transpileLimitMs = 60_000;

/**
 * Takes a component apart with jco.
 *
 * It is done in a thread of its own, which ends afterwards: it takes half a second of CPU and 40 MB, and a component
 * that jco panics at leaves jco unusable.
 * Errors: HostError `component/not-wasm`, `component/not-a-component`, `component/unreadable`,
 *         `component/other-world`, `component/unknown-import`.
 */
export async function transpile(bytes: Uint8Array): Promise<Transpiled> {
  checkHeader(bytes);
  const { wit, files, failure } = await runWorker(bytes);
  if (wit !== null) checkWorld(wit);
  if (files === null) {
    throw new HostError("component/unreadable", `jco cannot read the component: ${failure}`, { data: { failure } });
  }
  const glueName = Object.keys(files).find((name) => name.endsWith(".js"))!;
  const { [glueName]: glue, ...modules } = files;
  const source = quieten(Buffer.from(glue!).toString("utf8"));
  checkFunctions(source);
  return { glue: source, modules };
}

const magic = Buffer.from("\0asm");

/** A module and a component begin alike; the layer in bytes 6 and 7 tells them apart. */
function checkHeader(bytes: Uint8Array): void {
  if (bytes.length < 8 || !magic.equals(bytes.subarray(0, 4))) {
    const begin = JSON.stringify(Buffer.from(bytes.subarray(0, 16)).toString("latin1"));
    throw new HostError(
      "component/not-wasm",
      `This is not WebAssembly: its ${bytes.length} bytes begin with ${begin}. Compile the guest first.`,
    );
  }
  if (bytes[6] === 1) return;
  throw new HostError(
    "component/not-a-component",
    "This is a core WebAssembly module. Planaria runs components: build it with world `planaria:host/agent`, or wrap it with `wasm-tools component new`.",
  );
}

async function runWorker(bytes: Uint8Array): Promise<Transpilation> {
  const made: Transpilation = { wit: null, files: null, failure: "it ended without a word" };
  try {
    const { message, printed, isLate } = await runThread<Transpilation>(
      threadEntry("transpile-worker"),
      bytes,
      transpileLimitMs,
    );
    const failure = isLate ? `it took longer than ${transpileLimitMs} ms` : (message ?? made).failure;
    return { ...made, ...message, failure: printed && failure !== null ? `${failure}\n${printed}` : failure };
  } catch (cause) {
    throw new HostError("component/unreadable", "jco cannot read the component: its thread died.", { cause });
  }
}

/** Compares a component's world with world `agent`. */
function checkWorld(wit: string): void {
  const world = /^world [^{]*\{\n(.*?)^\}/ms.exec(wit)?.[1] ?? "";
  const names = (direction: string) =>
    [...world.matchAll(/^ {2}(import|export) %?(\S+?)(?:;|: )/gm)]
      .filter((match) => match[1] === direction)
      .map((match) => match[2]!);
  const exports = names("export");
  if (!exports.includes(guestInterface)) {
    throw new HostError(
      "component/other-world",
      `The component exports ${exports.join(", ") || "nothing"}, and not ${guestInterface}, which every agent exports. Build it for world \`planaria:host/agent\`.`,
      { data: { exports, expected: guestInterface } },
    );
  }
  refuseImports(names("import").filter((name) => !importedInterfaces.has(name)));
}

/** An interface of the right name may still ask for functions that it does not have; only the glue names them. */
function checkFunctions(glue: string): void {
  const wanted = [...glue.matchAll(/\{([^{}]*)\}=\w+\[[`'"]([^`'"]+)[`'"]\]/g)].flatMap(([, list, from]) =>
    list!.split(",").map((each) => ({ from: from!, name: each.split(":")[0]!.trim() })),
  );
  refuseImports(
    wanted
      .filter(({ from, name }) => !functionsOf.get(from)?.includes(name))
      .map(({ from, name }) => `${from}#${name}`),
  );
}

function refuseImports(unknown: string[]): void {
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
