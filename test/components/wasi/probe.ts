import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildStarlingMonkeyGuest } from "../../../build/starlingmonkey-guest.ts";

const packages = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/** The component of `probe.js`, which runs whatever JavaScript it is given with all of WASI at hand. */
export async function openProbe(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "planaria-probe-"));
  try {
    const world = join(folder, "world.wit");
    writeFileSync(world, `${readFileSync(join(import.meta.dirname, "probe.wit"), "utf8")}\n${nestWasi()}`);
    return await buildStarlingMonkeyGuest({ source: join(import.meta.dirname, "probe.js"), world });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** WASI 0.2 as jco brings it, to stand in one file with a world. */
function nestWasi(): string {
  const jco = dirname(findPackageJSON("@bytecodealliance/jco", import.meta.url)!);
  const texts = packages.map((name) =>
    readFileSync(join(jco, `lib/wit/builtin/0.2.12/wasi-${name}/package.wit`), "utf8"),
  );
  return texts.map((text) => `${text.replace(/^(package [^;]+);/m, "$1 {")}\n}`).join("\n");
}
