import { HostError } from "../host/base/error.ts";
import { explainFailure } from "./top-level.ts";
import type { Bundle } from "./bundle.ts";
import { makeSteadyRuntime, readBinding } from "./runtime.ts";
import type { Toolchain } from "./toolchain.ts";

/**
 * Compiles a bundle and QuickJS into a component whose memory holds the guest with its top-level code already run.
 *
 * Shape:  `reproducible` is false where the runtime could not be made steady: the same source may give other bytes.
 * Errors: HostError `build/top-level` and `build/syntax` with the place in the guest's own file, else `build/failed`.
 */
export async function componentizeBundle(
  bundle: Bundle,
  entry: string,
  toolchain: Toolchain,
): Promise<{ component: Buffer; reproducible: boolean }> {
  const compile = await openCompiler(toolchain);
  const result = await compile(bundle.code);
  if (Buffer.isBuffer(result.output)) return { component: result.output, reproducible: result.reproducible };
  throw await explainFailure(result.output, bundle, entry, async (code) => {
    const { output } = await compile(code);
    return Buffer.isBuffer(output) ? undefined : output;
  });
}

/** The component, or what componentize-qjs says against the source. */
type Compile = (jsSource: string) => Promise<{ output: Buffer | Error; reproducible: boolean }>;

/** Loads componentize-qjs, which is large, and so only when there is something to compile. */
async function openCompiler({ witFolder }: Toolchain): Promise<Compile> {
  const { componentize } = await import("componentize-qjs").catch((cause: unknown) => {
    const message =
      "componentize-qjs can't be loaded: it has no binary for this platform, or was installed without its optional packages.";
    throw new HostError("build/failed", `${message} Run npm install again on the machine that builds.`, { cause });
  });
  const binding = readBinding();
  const runtimeBytes = binding && makeSteadyRuntime(binding);
  const options = { witPath: witFolder, world: "agent", stubWasi: true, ...(runtimeBytes && { runtimeBytes }) };
  return async (jsSource) => {
    const output = await componentize({ ...options, jsSource }).then(
      ({ component }) => component,
      (error: Error) => error,
    );
    return { output, reproducible: runtimeBytes !== undefined };
  };
}
