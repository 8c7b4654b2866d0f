import { readContract } from "./toolchain.ts";
import type { Toolchain } from "./toolchain.ts";

/**
 * The contract in `wit/` as one package, to be put behind a world of a guest's own: tools that take WIT as a text then
 * find `planaria:host` without a folder of dependencies.
 */
export function nestContract(toolchain: Toolchain): string {
  const [, name] = /^package (.+);$/m.exec(readContract(toolchain)) ?? [];
  const interfaces = readContract(toolchain).replaceAll(/^(?:[\w-]+\.wit|package .+;)$/gm, "");
  return `package ${name} {\n${interfaces}\n}\n`;
}
