import { readFile } from "node:fs/promises";
import { buildGuest } from "../../build/build.ts";
import { cacheFolder } from "../../build/cache-folder.ts";
import { compileComponent, type CompiledComponent } from "../component/compile.ts";
import { defaultMemoryCapBytes } from "../component/memory-cap.ts";

const compiled = new Map<string | Uint8Array, Promise<CompiledComponent>>();

/** Makes a component ready to run, once in a process: bytes, the path of a .wasm file, or of a guest's source. */
export function readComponent(source: string | Uint8Array): Promise<CompiledComponent> {
  const known = compiled.get(source);
  if (known) return known;
  const made = compile(source);
  compiled.set(source, made);
  return made;
}

async function compile(source: string | Uint8Array): Promise<CompiledComponent> {
  const folder = cacheFolder();
  const bytes = typeof source === "string" ? await readBytes(source, folder) : source;
  return compileComponent(bytes, { cacheFolder: folder, memoryCapBytes: defaultMemoryCapBytes });
}

async function readBytes(path: string, folder: string): Promise<Uint8Array> {
  return path.endsWith(".wasm") ? readFile(path) : (await buildGuest({ entry: path, cacheFolder: folder })).component;
}
