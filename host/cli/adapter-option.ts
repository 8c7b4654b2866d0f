import { type Command, InvalidArgumentError, Option } from "commander";
import type { SaidSettings } from "../component/settings.ts";
import { collect } from "./environment-option.ts";

/** What options say about interfaces that modules stand in for. false: none any more. */
export interface AdapterFlags {
  import?: [name: string, file: string][] | false;
}

/** Adds the options that say which modules stand in for what a component imports. */
export function addAdapterOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--import <interface=file>",
        "let this module, TypeScript or JavaScript, be an interface that the component imports, such as golem:api/host=./adapter.ts; repeat it for more",
      ).argParser(collect(readAdapter)),
    )
    .option("--no-import", "let no module be one any more");
}

/**
 * The texts of the modules that the options named, and nothing else.
 *
 * Errors: those of `bundleAdapter`.
 */
export async function readAdapters({ import: said }: AdapterFlags): Promise<Pick<SaidSettings, "adapters">> {
  if (said === undefined) return {};
  const adapters: Record<string, string> = {};
  if (said !== false && said.length > 0) {
    const { bundleAdapter } = await import("../../build/adapter.ts"); // the bundler is heavy: most commands do without
    for (const [name, file] of said) adapters[name] = await bundleAdapter(file);
  }
  return { adapters };
}

function readAdapter(text: string): [string, string] {
  const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || file === undefined)
    throw new InvalidArgumentError("It must be INTERFACE=FILE, such as golem:api/host=./adapter.ts.");
  return [name, file];
}
