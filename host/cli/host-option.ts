import { type Command, Option } from "commander";
import { defaultMemoryCapBytes } from "../component/memory-cap.ts";
import { makeSizeParser, makeSpanParser, parsePositiveCount } from "./option.ts";
import { formatBytes } from "./table.ts";

/** What the options of a command say that opens a host. */
export interface HostFlags {
  threads?: number;
  memoryCap?: number;
  stepTimeout?: number;
  lease?: number;
  wait: boolean;
}

/** How far memory may grow is part of what a guest does, so whoever replays it says the same. */
export function makeMemoryCapOption(): Option {
  return new Option(
    "--memory-cap <size>",
    `what a guest's memory may grow to, such as 64MiB (default: ${formatBytes(defaultMemoryCapBytes).replace(" ", "")})`,
  )
    .argParser(makeSizeParser({ least: "64KiB", most: "4GiB" }))
    .env("PLANARIA_MEMORY_CAP");
}

/** Adds the options that every command has that opens a host. */
export function addHostOptions(command: Command): Command {
  const span = makeSpanParser;
  return command
    .option("--no-wait", "leave at once: what was set going waits in the store for the next host")
    .addOption(
      new Option("--threads <count>", "worker threads (default: one per core, less one)").argParser(parsePositiveCount),
    )
    .addOption(makeMemoryCapOption())
    .addOption(
      new Option("--step-timeout <span>", "undo a step that takes longer; its call fails (default: 10s)")
        .argParser(span({ least: "1ms", most: "1h" }))
        .env("PLANARIA_STEP_TIMEOUT"),
    )
    .addOption(
      new Option("--lease <span>", "others take over after so long without a sign of life (default: 10s)")
        .argParser(span({ least: "1s", most: "1h" }))
        .env("PLANARIA_LEASE"),
    );
}
