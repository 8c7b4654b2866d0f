import { type Command, InvalidArgumentError, Option } from "commander";
import { parseTarget } from "../agent/target.ts";
import { HostError, isHostError } from "../base/error.ts";
import type { CallOptions } from "./call-agent.ts";
import { makeMomentParser } from "./moment.ts";
import { makeSpanParser, parsePositiveCount } from "./option.ts";
import type { Terminal } from "./terminal.ts";

/** What options say about one call. */
export interface CallFlags {
  key?: string;
  at?: number;
  /** undefined: neither --wait nor --no-wait was said. */
  wait?: boolean;
  retry?: number;
  retryFirst?: number;
  timeout?: number;
  target?: string;
}

/** For the help of the commands that take these options. */
export const callHelp = `
With --at, the command ends once the call is in the store, and prints {agent, key, state, at}: the next host that runs then
makes it, \`planaria invoke\` with the same --key prints its result, and \`planaria cancel\` takes it back.
With --target, an agent that does not exist yet comes to life on a node of that group (\`planaria serve --group\`):
poll://any@GROUP, poll://any@GROUP/NODE with a preference, poll://uni@GROUP/NODE for that node only.`;

/** Adds the options that say how a call is to be made. */
export function addCallOptions(command: Command, terminal: Terminal): Command {
  return command
    .option("--key <key>", "the idempotency key of the call (default: a new one)")
    .addOption(
      new Option("--at <moment>", "not before: 2026-12-24T18:00Z, or +10s from now").argParser(
        makeMomentParser(terminal.now),
      ),
    )
    .option("--wait", "with --at, wait for the result all the same")
    .option("--retry <attempts>", "try so often, the first time included, if it fails (default: 1)", parsePositiveCount)
    .addOption(
      new Option(
        "--retry-first <span>",
        "the wait before the second attempt, doubled for each further one up to a minute (default: 100ms)",
      ).argParser(makeSpanParser({ least: "0ms", most: "1m" })),
    )
    .addOption(
      new Option("--timeout <span>", "cancel the call if it takes longer, while this command waits for it").argParser(
        makeSpanParser({ least: "1ms", most: "3650d" }),
      ),
    )
    .addOption(new Option("--target <target>", "call it on a node of a group: poll://any@GROUP").argParser(readTarget));
}

/** Errors: HostError `cli/options` for options that make no sense together. */
export function readCallOptions(flags: CallFlags): Omit<CallOptions, "component"> {
  const { key, at, wait, retry, retryFirst, timeout, target } = flags;
  if (retryFirst !== undefined && retry === undefined)
    throw senseless("--retry-first says how --retry waits: say --retry, too.");
  if (at !== undefined && wait === undefined && timeout !== undefined)
    throw senseless("--timeout holds while this command waits for the call: with --at, say --wait, too.");
  return {
    ...(key !== undefined && { key }),
    ...(at !== undefined && { at, isLeft: wait !== true }),
    ...(retry !== undefined && {
      retry: { attempts: retry, ...(retryFirst !== undefined && { firstMs: retryFirst }) },
    }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(target !== undefined && { target }),
  };
}

/** Whether what the call set going is to be finished; not that of a call that begins later. */
export function isWaitedFor({ at, wait }: CallFlags): boolean {
  return wait ?? at === undefined;
}

function readTarget(text: string): string {
  try {
    parseTarget(text);
    return text;
  } catch (error) {
    if (isHostError(error)) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

const senseless = (message: string) => new HostError("cli/options", message);
