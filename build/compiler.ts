import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError } from "../host/base/error.ts";
import { showFile } from "./place.ts";

export interface Compiler {
  /** For people. */
  name: string;
  command: string;
  options: string[];
}

/**
 * Runs a compiler that writes one file, and gives what is in it. `-o` and the file are put behind its options.
 *
 * Errors: HostError `build/failed` with what the compiler said.
 */
export function runCompiler({ name, command, options }: Compiler, source: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "planaria-build-"));
  try {
    const output = join(folder, "guest.wasm");
    const { error, status, stdout, stderr } = spawnSync(command, [...options, "-o", output], { encoding: "utf8" });
    if (status === 0) return readFileSync(output);
    const said = error?.message ?? (stderr || stdout).trim();
    throw new HostError("build/failed", `${name} can't compile ${showFile(source)}:\n${said}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
