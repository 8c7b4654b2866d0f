import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "../../build/cache-folder.ts";
import { HostError } from "../base/error.ts";
import { digestOf } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";

/** A component: its bytes, or the path of a .wasm file, of a guest's source, or of its folder. */
export type ComponentSource = string | URL | Uint8Array;

const compiled = new Map<string, Promise<CompiledComponent>>();

/**
 * Makes a component ready to run, once in a process for the same bytes. A guest is built again whenever it changed.
 *
 * Errors: HostError of `buildGuest` and `compileComponent`; `component/unreadable` if there is no such .wasm file.
 */
export async function readComponent(source: ComponentSource, memoryCapBytes?: number): Promise<CompiledComponent> {
  const bytes = await readComponentBytes(source);
  const key = `${digestOf(bytes)} ${memoryCapBytes}`;
  const known = compiled.get(key);
  if (known) return known;
  const { compileComponent } = await import("../component/compile.ts");
  const made = compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes });
  compiled.set(key, made);
  return made;
}

/** The bytes of a component. Errors as of `readComponent`, but for those of compiling. */
export async function readComponentBytes(source: ComponentSource): Promise<Uint8Array> {
  return source instanceof Uint8Array ? source : readBytes(toPath(source));
}

/** Whoever names this module in `setupFiles` pays for the compiler only when there is something to compile. */
async function readBytes(path: string): Promise<Uint8Array> {
  if (path.endsWith(".wasm")) return readWasm(path);
  const { buildGuest } = await import("../../build/build.ts");
  return (await buildGuest({ entry: path, cacheFolder: cacheFolder() })).component;
}

async function readWasm(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new HostError("component/unreadable", `Cannot read ${path}: ${(cause as Error).message}`, {
      data: { path },
      cause,
    });
  }
}

/** A path as it is, or that of a `file:` URL. */
export function toPath(file: string | URL): string {
  if (typeof file !== "string" && !(file instanceof URL)) {
    throw new HostError(
      "component/unreadable",
      `A component is named by a path, or given as bytes; this is ${typeof file}.`,
    );
  }
  return file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : file;
}
