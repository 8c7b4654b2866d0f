import { readFileSync } from "node:fs";
import {
  componentEmbed,
  componentNew,
  preview1AdapterCommandPath,
  preview1AdapterReactorPath,
} from "@bytecodealliance/jco";
import { nestContract } from "./contract.ts";
import type { Toolchain } from "./toolchain.ts";

/**
 * Makes a component of a core module that was compiled for the first version of WASI.
 *
 * `world`: a file with the world that the module exports; null: it is a command, which has a `main`.
 */
export async function wrapCore(core: Uint8Array, world: string | null, toolchain: Toolchain): Promise<Uint8Array> {
  if (world === null) return adapt(core, preview1AdapterCommandPath());
  const witSource = `${readFileSync(world, "utf8")}\n${nestContract(toolchain)}`;
  return adapt(await componentEmbed({ binary: core, witSource, stringEncoding: "utf8" }), preview1AdapterReactorPath());
}

/** The adapter puts the calls of the first version into the words of 0.2. */
function adapt(core: Uint8Array, adapter: URL): Promise<Uint8Array> {
  return componentNew(core, [["wasi_snapshot_preview1", readFileSync(adapter)]]);
}
