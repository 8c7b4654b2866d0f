import { spawnSync } from "node:child_process";
import { HostError } from "../host/base/error.ts";
import { wrapCore } from "./core-guest.ts";
import { runCompiler } from "./compiler.ts";
import { findToolchain } from "./toolchain.ts";
import type { Toolchain } from "./toolchain.ts";

export interface CGuest {
  /** A file in C. */
  source: string;
  /** A file with the world that it exports; null: it is a command, which has a `main`. */
  world: string | null;
}

const flags = ["--target=wasm32-wasi", "-O2", "-s", "-Wall", "-Wextra", "-Werror"];

/**
 * Compiles C to a component of world `blocking`, with clang and the C library for WASI.
 *
 * Errors: HostError `build/no-compiler` where one of them is missing, else `build/failed` with what clang said.
 */
export async function buildCGuest(
  { source, world }: CGuest,
  toolchain: Toolchain = findToolchain(),
): Promise<Uint8Array> {
  const missing = explainMissingClang();
  if (missing !== null) throw new HostError("build/no-compiler", missing);
  const model = world === null ? "command" : "reactor";
  const clang = { name: "clang", command: "clang", options: [...flags, `-mexec-model=${model}`, source] };
  return wrapCore(runCompiler(clang, source), world, toolchain);
}

/** Why C can't be compiled on this machine, and what to do about it; null if it can. */
export function explainMissingClang(): string | null {
  const { error, stderr, status } = spawnSync("clang", [...flags, "-x", "c", "-o", "/dev/null", "-"], {
    input: '#include <stdio.h>\nint main(void) { return puts(""); }\n',
    encoding: "utf8",
  });
  if (!error && status === 0) return null;
  const why = error?.message ?? stderr.trim().split("\n")[0];
  return (
    `C can't be compiled for WASI on this machine: ${why}\n` +
    "It takes clang, lld and wasi-libc; on Debian: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32"
  );
}
