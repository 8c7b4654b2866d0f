import { replayGolden } from "../golden/record.ts";
import { readGolden } from "./golden-file.ts";
import { readComponent, toPath, type ComponentSource } from "./read-component.ts";

/**
 * The matcher `toReplay`.
 *
 * A file that is no golden, or a guest that does not build, is no answer to whether it replays: it fails the test with
 * `not`, too.
 */
export async function matchReplay(
  source: ComponentSource,
  file: string | URL,
): Promise<{ pass: boolean; message: () => string }> {
  const golden = await readGolden(file);
  const { header } = golden;
  const { failure } = await replayGolden(golden, await readComponent(source, header.memoryCapBytes));
  const what = source instanceof Uint8Array ? "The component" : toPath(source);
  return {
    pass: failure === null,
    message: () =>
      failure === null
        ? `${what} replays ${toPath(file)}, all ${header.entries} entries of ${header.agent}; it was expected not to.`
        : `${what} does not replay ${toPath(file)}\n\n${failure.message}\n`,
  };
}
