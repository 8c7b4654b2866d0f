import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { HostError } from "../host/base/error.ts";
import { wrapCore } from "./core-guest.ts";
import { runCompiler } from "./compiler.ts";
import { findToolchain } from "./toolchain.ts";
import type { Toolchain } from "./toolchain.ts";

export interface RustGuest {
  /** The root of a crate without dependencies. */
  source: string;
  /** A file with the world that it exports. */
  world: string;
  /** The compiler; `rustc` on the path by default. */
  rustc?: string;
}

/** The same target: the second is its name of old. */
const targets = ["wasm32-wasip1", "wasm32-wasi"];

/**
 * Compiles Rust to a component of world `blocking`.
 *
 * Errors: HostError `build/no-compiler` where rustc or its library for WASI is missing, else `build/failed` with what rustc
 *         said.
 */
export async function buildRustGuest(
  { source, world, rustc = "rustc" }: RustGuest,
  toolchain: Toolchain = findToolchain(),
): Promise<Uint8Array> {
  const target = findTarget(rustc);
  if (target === undefined) throw new HostError("build/no-compiler", explainMissingRust(rustc)!);
  const options = ["--target", target, "--edition", "2021", "--crate-type", "cdylib"];
  const profile = ["-C", "opt-level=s", "-C", "strip=symbols"];
  return wrapCore(
    runCompiler({ name: "rustc", command: rustc, options: [...options, ...profile, source] }, source),
    world,
    toolchain,
  );
}

/** Why Rust can't be compiled on this machine, and what to do about it; null if it can. */
export function explainMissingRust(rustc = "rustc"): string | null {
  if (findTarget(rustc) !== undefined) return null;
  return (
    `Rust can't be compiled for WASI on this machine: ${rustc} is not there, or has no library for ${targets[0]}.\n` +
    `With rustup: rustup target add ${targets[0]}`
  );
}

function findTarget(rustc: string): string | undefined {
  return targets.find((target) => {
    const { status, stdout } = spawnSync(rustc, ["--target", target, "--print", "target-libdir"], { encoding: "utf8" });
    return status === 0 && existsSync(stdout.trim());
  });
}
