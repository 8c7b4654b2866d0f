import { readFile } from "node:fs/promises";
import { cacheFolder } from "../../build/cache-folder.ts";
import { HostError } from "../base/error.ts";
import type { Context } from "./command.ts";

/**
 * The bytes of the component that a command line names: a .wasm file as it is, anything else built from its source.
 *
 * Errors: HostError `component/unreadable`, and those of `buildGuest`.
 */
export async function readComponent({ output }: Context, guest: string): Promise<Uint8Array> {
  if (isComponent(guest)) return readWasm(guest);
  const { buildGuest } = await import("../../build/build.ts"); // the compiler is heavy: most commands do without
  using _progress = output.progress(`building ${guest}`);
  const { component, warnings } = await buildGuest({ entry: guest, cacheFolder: cacheFolder() });
  for (const warning of warnings) output.say(`warning: ${warning}`);
  return component;
}

/** Whether a word of the command line means a component, as against its source. */
export const isComponent = (guest: string): boolean => guest.endsWith(".wasm");

async function readWasm(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new HostError("component/unreadable", `Cannot read ${file}: ${(cause as Error).message}`, {
      data: { file },
      cause,
    });
  }
}
