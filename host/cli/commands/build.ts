import { basename, resolve } from "node:path";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { act, type Context, type Declare } from "../command.ts";
import { formatBytes, formatFacts } from "../table.ts";

const examples = `
Examples:
  planaria build guests/counter
  planaria build guests/counter --output counter.wasm`;

export const declareBuild: Declare = (program, terminal) => {
  program
    .command("build")
    .description("compile a TypeScript guest to a component")
    .argument("<guest>", "a .ts or .js file, or a folder with an index.ts")
    .option("-o, --output <file>", "where to write the component (default: NAME.wasm here)")
    .option("--no-cache", "build anew although nothing has changed")
    .addHelpText("after", examples)
    .action(act(terminal, build));
};

async function build({ output }: Context, options: { output?: string; cache: boolean }, guest: string): Promise<void> {
  const file = options.output ?? `${basename(resolve(guest)).replace(/\.[cm]?[jt]sx?$/, "")}.wasm`;
  const { buildGuest } = await import("../../../build/build.ts");
  using _progress = output.progress(`building ${guest}`);
  const built = await buildGuest({ entry: guest, output: file, cacheFolder: options.cache ? cacheFolder() : null });
  for (const warning of built.warnings) output.say(`warning: ${warning}`);
  const { digest, cached } = built;
  output.result({ file, digest, sizeBytes: built.component.length, cached }, (result) =>
    formatFacts([
      ["component", result.file],
      ["digest", `sha256:${result.digest}`],
      ["size", formatBytes(result.sizeBytes)],
    ]),
  );
}
