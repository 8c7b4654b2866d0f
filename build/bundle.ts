import { isBuiltin } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { rolldown } from "rolldown";
import type { OutputChunk, Plugin, RolldownLog } from "rolldown";
import type { Description } from "../guests/sdk/description.ts";
import { HostError } from "../host/base/error.ts";
import { showExcerpt, showFile, showPlace } from "./place.ts";
import type { Place } from "./place.ts";
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
    if (unresolved) throw refuse(unresolved, toolchain);
    return { ...finish(output[0], folder, files), warnings: logs.map(showWarning) };
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw refuse(firstError(error), toolchain);
  }
}

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

/** Rolldown throws an error with all of its errors in a list; the first is the one that caused the rest. */
function firstError(error: unknown): RolldownLog {
  const [first] = (error as { errors?: RolldownLog[] }).errors ?? [];
  return first ?? (error as RolldownLog);
}

const codes: Record<string, string> = {
  UNRESOLVED_IMPORT: "build/unresolved",
  MISSING_EXPORT: "build/missing-export",
};

function refuse(log: RolldownLog, { sdkFolder }: Toolchain): HostError {
  const specifier = log.code === "UNRESOLVED_IMPORT" ? (log.exporter ?? "") : "";
  const builtin = isBuiltin(specifier);
  const place = findPlace(log);
  const code = builtin ? "build/node-builtin" : (codes[log.code ?? ""] ?? (place ? "build/syntax" : "build/failed"));
  const { what, hint } = explain(log, specifier, builtin, sdkFolder);
  const lines = place ? [`${showPlace(place)}: ${what}`, showExcerpt(place), hint] : [what, hint];
  return new HostError(code, lines.filter((line) => line !== "").join("\n"), {
    data: { ...place, specifier },
    cause: log,
  });
}

function explain(
  log: RolldownLog,
  specifier: string,
  builtin: boolean,
  sdkFolder: string,
): { what: string; hint: string } {
  if (builtin) {
    return {
      what: `"${specifier}" is part of Node, which a guest does not run in.`,
      hint: "Use what planaria/guest and the web's globals offer, or a package that needs no Node.",
    };
  }
  if (log.code === "UNRESOLVED_IMPORT") {
    return { what: `"${specifier}" can't be found.`, hint: adviseImport(specifier) };
  }
  if (log.code === "MISSING_EXPORT" && log.exporter?.startsWith(join(sdkFolder, sep))) {
    const name = /"(.*?)" is not exported/.exec(log.message)?.[1] ?? "";
    return { what: `planaria/guest has no "${name}".`, hint: "" };
  }
  return { what: headline(log), hint: /Help: (.*)/.exec(log.message)?.[1] ?? "" };
}

function adviseImport(specifier: string): string {
  if (specifier.startsWith("planaria:"))
    return "The folder wit/ of Planaria shows what the host offers, and in which version.";
  if (/^[./]/.test(specifier)) return "Correct the path: it is read from the folder of the file that imports it.";
  return `Install it: npm install ${packageOf(specifier)}`;
}

/** The package's name without the path inside it. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Rolldown's message without its code and its drawing of the source. */
function headline(log: RolldownLog): string {
  return log.message.split("\n")[0]!.replace(/^\[\w+\] /, "");
}

function findPlace({ loc, id }: RolldownLog): Place | undefined {
  const file = loc?.file ?? id;
  return loc && file ? { file, line: loc.line, column: loc.column + 1 } : undefined;
}

function showWarning(log: RolldownLog): string {
  const place = findPlace(log);
  if (place) return `${showPlace(place)}: ${headline(log)}`;
  return log.id ? `${showFile(log.id)}: ${headline(log)}` : headline(log);
}
