import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { rolldown } from "rolldown";
import type { OutputChunk, Plugin, RolldownLog } from "rolldown";
import type { Description } from "../guests/sdk/description.ts";
import { HostError } from "../host/base/error.ts";
import { bundleError, showWarning } from "./bundle-error.ts";
import { isOwnSource } from "./source-map.ts";
import { readInterfaces, sdkFile } from "./toolchain.ts";
import type { Toolchain } from "./toolchain.ts";

export interface Bundle {
  code: string;
  /** JSON text of the source map; sources are relative to the entry's folder, or begin with `planaria:`. */
  map: string;
  warnings: string[];
}

/**
 * Bundles a guest with the SDK into one module that imports nothing but `planaria:host/…`.
 *
 * Errors: HostError `build/syntax`, `build/unresolved`, `build/missing-export`, `build/node-builtin`, each with the place
 *         in the guest's own file; `build/failed` for anything else.
 */
export async function bundleGuest(entry: string, description: Description, toolchain: Toolchain): Promise<Bundle> {
  const folder = dirname(entry);
  const interfaces = readInterfaces(toolchain);
  const logs: RolldownLog[] = [];
  const files = new Set<string>();
  try {
    const bundler = await rolldown({
      input: entryName,
      cwd: folder,
      // Nothing of a browser or of Node is there; yet what packages offer to browsers comes nearest.
      platform: "neutral",
      resolve: {
        conditionNames: ["browser", "import", "default"],
        mainFields: ["browser", "module", "main"],
        extensionAlias: { ".js": [".ts", ".js"], ".mjs": [".mts", ".mjs"] },
      },
      external: [...interfaces],
      plugins: [entryPlugin(entry, description, toolchain), sdkPlugin(toolchain), filesPlugin(entry, toolchain, files)],
      transform: { define: { "process.env.NODE_ENV": '"production"' } },
      // Comments that name files would let the folder of a build into its digest.
      experimental: { attachDebugInfo: "none" },
      onLog: (level, log) => void (level === "warn" && logs.push(log)),
    });
    await using _ = { [Symbol.asyncDispose]: () => bundler.close() };
    const file = join(folder, "guest.js");
    const { output } = await bundler.generate({ file, format: "esm", sourcemap: true, codeSplitting: false });
    const unresolved = logs.find(({ code }) => code === "UNRESOLVED_IMPORT");
    if (unresolved) throw bundleError(unresolved, forGuest(toolchain));
    return { ...finish(output[0], folder, files), warnings: logs.map(showWarning) };
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw bundleError(error, forGuest(toolchain));
  }
}

const forGuest = ({ sdkFolder }: Toolchain) => ({
  builtin: {
    what: "which a guest does not run in.",
    hint: "Use what planaria/guest and the web's globals offer, or a package that needs no Node.",
  },
  sdkFolder,
});

const entryName = "planaria:entry";
const exportsName = "planaria:exports";

function entryPlugin(entry: string, description: Description, toolchain: Toolchain): Plugin {
  const runtime = JSON.stringify(sdkFile(toolchain, "runtime"));
  const register = JSON.stringify(sdkFile(toolchain, "register"));
  // The runtime comes first: the guest's top-level code may use the globals that it installs.
  const code = [
    `import ${runtime};`,
    `import * as exports from "${exportsName}";`,
    `import { register } from ${register};`,
    `export const guest = register(exports, ${JSON.stringify(description)});`,
  ].join("\n");
  return {
    name: "planaria-entry",
    resolveId: (source) => (source === entryName || source === exportsName ? `\0${source}` : null),
    load(id) {
      if (id === `\0${entryName}`) return code;
      // Rolldown names the object after the module, an index.ts after its folder: so it gets a module of its own.
      return id === `\0${exportsName}` ? `export * from ${JSON.stringify(entry)};` : null;
    },
  };
}

function sdkPlugin(toolchain: Toolchain): Plugin {
  return {
    name: "planaria-sdk",
    resolveId(source) {
      const name = /^planaria\/guest(?:\/([\w-]+))?$/.exec(source);
      return name ? sdkFile(toolchain, name[1] ?? "index") : null;
    },
  };
}

/** Collects the modules of the guest and its packages, as against those that only the SDK needs. */
function filesPlugin(entry: string, { sdkFolder }: Toolchain, files: Set<string>): Plugin {
  return {
    name: "planaria-files",
    generateBundle() {
      const open = [entry];
      for (let id = open.pop(); id !== undefined; id = open.pop()) {
        if (files.has(id) || id.startsWith(join(sdkFolder, sep))) continue;
        files.add(id);
        const module = this.getModuleInfo(id);
        open.push(...(module?.importedIds ?? []), ...(module?.dynamicallyImportedIds ?? []));
      }
    },
  };
}

function finish(chunk: OutputChunk, folder: string, files: Set<string>): { code: string; map: string } {
  const map = chunk.map!;
  const sources = map.sources.map((source) => nameSource(source, folder, files));
  // What the author did not write is long, and looked up by nobody.
  const isForeign = (source: string) => isOwnSource(source) || source.startsWith("node_modules/");
  const sourcesContent = map.sourcesContent?.map((text, i) => (isForeign(sources[i]!) ? null : text));
  return {
    code: chunk.code.replace(/\n*\/\/# sourceMappingURL=\S*\s*$/, "\n"),
    map: JSON.stringify({ version: 3, sources, sourcesContent, names: map.names, mappings: map.mappings }),
  };
}

/** A source's name that says nothing of the machine; what is not the guest's is Planaria's. */
function nameSource(source: string, folder: string, files: Set<string>): string {
  const file = resolve(folder, source);
  const path = relative(folder, file).split(sep).join("/");
  const packages = path.lastIndexOf("node_modules/");
  if (files.has(file)) return packages < 0 ? path : path.slice(packages);
  return `planaria:guest/${packages < 0 ? basename(path) : path.slice(packages)}`;
}
