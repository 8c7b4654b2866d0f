import { type Command, InvalidArgumentError, Option } from "commander";
import { blockingMemoryCapBytes, defaultMemoryCapBytes } from "../component/memory-cap.ts";
import type { OpenHostOptions } from "../open-host.ts";
import { makeSizeParser, makeSpanParser, parsePositiveCount } from "./option.ts";
import { formatBytes } from "./table.ts";

/** What the options of a command say that opens a host. */
export interface NodeFlags {
  threads?: number;
  memoryCap?: number;
  stepTimeout?: number;
  lease?: number;
  retention?: number | "forever";
}

/** The same for a command that may leave what it set going to the next host. */
export interface HostFlags extends NodeFlags {
  wait: boolean;
}

/** How far memory may grow is part of what a guest does, so whoever replays it says the same. */
export function makeMemoryCapOption(): Option {
  return new Option(
    "--memory-cap <size>",
    `what a guest's memory may grow to, such as 64MiB (default: ${formatBytes(defaultMemoryCapBytes).replace(" ", "")}, or ${formatBytes(blockingMemoryCapBytes).replace(" ", "")} if it blocks)`,
  )
    .argParser(makeSizeParser({ least: "64KiB", most: "4GiB" }))
    .env("PLANARIA_MEMORY_CAP");
}

/** Adds the options that every command has that opens a host, and ends when its work is done. */
export function addHostOptions(command: Command): Command {
  return addNodeOptions(
    command.option("--no-wait", "leave at once: what was set going waits in the store for the next host"),
  );
}

/** Adds the options that every command has that opens a host. */
export function addNodeOptions(command: Command): Command {
  const span = makeSpanParser;
  return command
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
    )
    .addOption(
      new Option("--retention <span>", "keep agents so long that have ended, or forever (default: 24h)")
        .argParser(parseRetention)
        .env("PLANARIA_RETENTION"),
    );
}

/** What the options say, as a host takes it. */
export function toHostOptions(flags: NodeFlags): Partial<OpenHostOptions> {
  const { threads, memoryCap, stepTimeout, lease, retention } = flags;
  return {
    ...(threads !== undefined && { threads }),
    ...(memoryCap !== undefined && { memoryCapBytes: memoryCap }),
    ...(stepTimeout !== undefined && { stepTimeoutMs: stepTimeout }),
    ...(lease !== undefined && { leaseMs: lease }),
    ...(retention !== undefined && { retentionMs: retention === "forever" ? null : retention }),
  };
}

function parseRetention(text: string): number | "forever" {
  if (text === "forever") return text;
  try {
    return makeSpanParser({ least: "0s", most: "3650d" })(text);
  } catch {
    throw new InvalidArgumentError("It must be a span of time such as 1h or 7d, up to 3650d, or forever.");
  }
}
