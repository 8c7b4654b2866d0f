import { dirname } from "node:path";
import { rolldown } from "rolldown";
import type { RolldownLog } from "rolldown";
import { HostError } from "../host/base/error.ts";
import { bundleError } from "./bundle-error.ts";
import { findEntry } from "./entry.ts";
import { showFile } from "./place.ts";

const words = {
  builtin: {
    what: "which an adapter can't use: what it says is journaled nowhere, and would be another in a replay.",
    hint: "Use what the host object offers, or a package that needs no Node.",
  },
};

/**
 * Bundles an adapter, TypeScript or JavaScript, with the packages that it imports: the text of one ES module.
 *
 * Errors: HostError `build/missing-entry`, `build/no-exports`, and those of `bundleError`.
 */
export async function bundleAdapter(path: string): Promise<string> {
  const entry = findEntry(path);
  const unresolved: RolldownLog[] = [];
  try {
    const bundler = await rolldown({
      input: entry,
      cwd: dirname(entry),
      platform: "neutral",
      resolve: {
        conditionNames: ["import", "default"],
        mainFields: ["module", "main"],
        extensionAlias: { ".js": [".ts", ".js"], ".mjs": [".mts", ".mjs"] },
      },
      transform: { define: { "process.env.NODE_ENV": '"production"' } },
      // Comments that name files would let the folder of a build into the settings of a component.
      experimental: { attachDebugInfo: "none" },
      onLog: (_level, log) => void (log.code === "UNRESOLVED_IMPORT" && unresolved.push(log)),
    });
    await using _ = { [Symbol.asyncDispose]: () => bundler.close() };
    const { output } = await bundler.generate({ format: "esm", codeSplitting: false });
    if (unresolved[0]) throw bundleError(unresolved[0], words);
    const [{ code, exports }] = output;
    if (!exports.includes("default")) throw noDefault(entry);
    return code;
  } catch (error) {
    throw error instanceof HostError ? error : bundleError(error, words);
  }
}

function noDefault(entry: string): HostError {
  const message = `${showFile(entry)} has no default export.\nAn adapter is \`export default (host: AdapterHost) => ({ …functions })\`.`;
  return new HostError("build/no-exports", message, { data: { entry } });
}
