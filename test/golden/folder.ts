import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { digestOf, type Digest } from "../../host/base/id.ts";

/** The goldens of format 1, and the components that recorded them. Nothing in it is ever written anew. */
export const goldenFolder = join(import.meta.dirname, "v1");

export const goldenEnding = ".oplog.jsonl";
const componentEnding = ".wasm.br";

/** The paths of all goldens. */
export function listGoldens(): string[] {
  const names = readdirSync(goldenFolder).filter((name) => name.endsWith(goldenEnding));
  return names.map((name) => join(goldenFolder, name));
}

/** What lies in the folder and is neither a golden nor a component. */
export function listStrays(): string[] {
  return readdirSync(goldenFolder).filter((name) => !name.endsWith(goldenEnding) && !name.endsWith(componentEnding));
}

/** The components that are kept, by digest, the newest last. */
export function readComponents(): Map<Digest, Uint8Array> {
  const components = listComponents().map((name) => brotliDecompressSync(readFileSync(join(goldenFolder, name))));
  return new Map(components.map((component) => [digestOf(component), component]));
}

/** Keeps a component for as long as there are goldens of it. */
export function keepComponent(component: Uint8Array): void {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: component.length };
  const ours = listComponents().filter((name) => name.startsWith("guests-"));
  const name = `guests-${ours.length + 1}${componentEnding}`;
  writeFileSync(join(goldenFolder, name), brotliCompressSync(component, { params }), { flag: "wx" });
}

/** Keeps a component that is none of ours, under a name. */
export function keepForeign(name: string, component: Uint8Array): Uint8Array {
  writeFileSync(fileOfForeign(name), brotliCompressSync(component), { flag: "wx" });
  return component;
}

export function readForeign(name: string): Uint8Array | null {
  const file = fileOfForeign(name);
  return existsSync(file) ? brotliDecompressSync(readFileSync(file)) : null;
}

const fileOfForeign = (name: string) => join(goldenFolder, `foreign-${name}${componentEnding}`);

/** Those of ours are named by numbers, in the order in which they were built, and come behind the others. */
function listComponents(): string[] {
  const names = readdirSync(goldenFolder).filter((name) => name.endsWith(componentEnding));
  return names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
