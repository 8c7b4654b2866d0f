import type { Command } from "commander";
import type { Store } from "../store/store.ts";
import { openStore, type Durability, type StoreOptions } from "./open-store.ts";
import { Output, type OutputOptions } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Adds one command to the program. */
export type Declare = (program: Command, terminal: Terminal) => void;

interface GlobalOptions extends Partial<OutputOptions> {
  color: boolean;
  store: string;
  durability: Durability;
}

/** What the action of a command works with. */
export interface Context {
  terminal: Terminal;
  output: Output;
  /** Opens the store that the user means. */
  openStore(access: StoreOptions["access"]): Promise<Store>;
}

/** Makes a command's action out of a function of its context, its own options and its arguments, in this order. */
export function act<Options, Args extends unknown[]>(
  terminal: Terminal,
  run: (context: Context, options: Options, ...args: Args) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return (...given) => {
    const command = given.at(-1) as Command;
    const { store: url, durability, json = false, quiet = false, color } = command.optsWithGlobals<GlobalOptions>();
    const context: Context = {
      terminal,
      output: new Output(terminal, { json, quiet, color }),
      openStore: (access) => openStore(url, { durability, access, now: terminal.now }),
    };
    return run(context, command.opts() as Options, ...(command.processedArgs as Args));
  };
}
