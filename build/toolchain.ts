import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { invariant } from "../host/base/error.ts";
import { version as planariaVersion } from "../host/system/version.ts";

/** What guests are built with. A test may put another SDK in its place. */
export interface Toolchain {
  sdkFolder: string;
  witFolder: string;
  planariaVersion: string;
  componentizeVersion: string;
}

/** Finds the SDK and the contract next to this file: TypeScript in a clone, JavaScript in an installed package. */
export function findToolchain(): Toolchain {
  const root = findRoot(import.meta.dirname);
  return {
    sdkFolder: join(import.meta.dirname, "..", "guests", "sdk"),
    witFolder: join(root, "wit"),
    planariaVersion,
    componentizeVersion: readVersion(createRequire(import.meta.url).resolve("componentize-qjs/package.json")),
  };
}

/** The file of the SDK that a subpath of `planaria/guest` means: `index` is the whole, `register` and `runtime` are for builds. */
export function sdkFile(toolchain: Toolchain, name: string): string {
  return join(toolchain.sdkFolder, `${name}${sdkEnding(toolchain)}`);
}

/** The text of every file of the contract, so that a change of it makes another build. */
export function readContract(toolchain: Toolchain): string {
  const names = readdirSync(toolchain.witFolder)
    .filter((name) => extname(name) === ".wit")
    .toSorted();
  return names.map((name) => `${name}\n${readFileSync(join(toolchain.witFolder, name), "utf8")}`).join("\n");
}

/** What a guest may import, by its full name: `planaria:host/time@0.1.0`. */
export function readInterfaces(toolchain: Toolchain): Set<string> {
  const contract = readContract(toolchain);
  const [, name, version] = /^package ([\w:-]+)@([\w.-]+);/m.exec(contract) ?? [];
  invariant(name !== undefined && version !== undefined, "the contract in wit/ names its package");
  const interfaces = Array.from(contract.matchAll(/^interface ([\w-]+)/gm), ([, item]) => item!);
  return new Set(interfaces.filter((item) => item !== "guest").map((item) => `${name}/${item}@${version}`));
}

function sdkEnding(toolchain: Toolchain): ".ts" | ".js" {
  return existsSync(join(toolchain.sdkFolder, "index.ts")) ? ".ts" : ".js";
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, "wit", "guest.wit"))) return folder;
  invariant(dirname(folder) !== folder, "the folder wit/ lies beside the builder or above it");
  return findRoot(dirname(folder));
}

function readVersion(file: string): string {
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
