import { readFileSync } from "node:fs";
import { join } from "node:path";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { nestContract } from "../../build/contract.ts";
import { findToolchain } from "../../build/toolchain.ts";

const folder = join(import.meta.dirname, "wat");
const opened = new Map<string, Promise<Uint8Array>>();

/**
 * The component of `wat/NAME.wat`, built once.
 *
 * Shape: with a `wat/NAME.wit` beside it the text is a core module that has this world's names; without one it is a whole
 *        component.
 */
export function openWat(name: string): Promise<Uint8Array> {
  const known = opened.get(name) ?? build(name);
  opened.set(name, known);
  return known;
}

/** Makes a component of a core module as text and of its world, which may import whatever Planaria offers. */
export async function buildWat(wat: string, wit: string, world?: string): Promise<Uint8Array> {
  const witSource = `${wit}\n${nestContract(findToolchain())}`;
  const binary = await parse(wat);
  const options = { binary, witSource, stringEncoding: "utf8", ...(world !== undefined && { world }) } as const;
  return componentNew(await componentEmbed(options));
}

async function build(name: string): Promise<Uint8Array> {
  const wat = readFileSync(join(folder, `${name}.wat`), "utf8");
  if (/^\(component/m.test(wat)) return parse(wat);
  return buildWat(wat, readFileSync(join(folder, `${name}.wit`), "utf8"));
}
