import { hash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { openCache } from "./cache.ts";
import { nestContract } from "./contract.ts";
import { runCompiler } from "./compiler.ts";
import { findToolchain } from "./toolchain.ts";
import type { Toolchain } from "./toolchain.ts";

export interface StarlingMonkeyGuest {
  /** A JavaScript module. */
  source: string;
  /** A file with the world that it exports. */
  world: string;
  /** Where builds are kept; null: nowhere. */
  cacheFolder?: string | null;
}

/**
 * Compiles JavaScript to a component of world `blocking` with `jco componentize` and its default engine, StarlingMonkey.
 *
 * Shape:  it takes some six seconds, and two builds of one source differ, so what was built is kept.
 * Errors: HostError `build/failed` with what jco said.
 */
export async function buildStarlingMonkeyGuest(
  { source, world, cacheFolder: folder = cacheFolder() }: StarlingMonkeyGuest,
  toolchain: Toolchain = findToolchain(),
): Promise<Uint8Array> {
  const wit = `${readFileSync(world, "utf8")}\n${nestContract(toolchain)}`;
  const jco = findJco();
  const cache = folder === null ? undefined : openCache(folder);
  const key = hash("sha256", JSON.stringify([readFileSync(source, "utf8"), wit, jco.version]));
  const kept = cache?.read(key);
  if (kept) return kept;
  const component = componentize(jco.script, source, wit);
  cache?.write(key, component);
  return component;
}

function componentize(jco: string, source: string, wit: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "planaria-wit-"));
  try {
    const file = join(folder, "world.wit");
    writeFileSync(file, wit);
    const options = [jco, "componentize", source, "--wit", file];
    return runCompiler({ name: "jco", command: process.execPath, options }, source);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function findJco(): { script: string; version: string } {
  const file = findPackageJSON("@bytecodealliance/jco", import.meta.url)!;
  const { bin, version } = JSON.parse(readFileSync(file, "utf8")) as { bin: { jco: string }; version: string };
  return { script: join(dirname(file), bin.jco), version };
}
