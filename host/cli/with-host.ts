import { cacheFolder } from "../../build/cache-folder.ts";
import { HostError, isHostError } from "../base/error.ts";
import type { Host, LogLine } from "../scheduler/host.ts";
import type { Store } from "../store/store.ts";
import type { Context } from "./command.ts";
import { finishWork } from "./finish-work.ts";
import { toHostOptions, type HostFlags } from "./host-option.ts";
import type { Output } from "./output.ts";

const levelStyle = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;

/** A host, and the store that it is on. */
export interface Open {
  host: Host;
  store: Store;
}

/**
 * Opens a host on the store that the user means, for as long as `use` takes, and then until all is done that was set
 * going. What was unfinished in the store goes on meanwhile; what guests log is shown.
 *
 * Errors: HostError `cli/interrupted` on Ctrl-C, once the host is closed.
 */
export async function withHost<T>(
  context: Context,
  { makesStore = false, ...flags }: HostFlags & { makesStore?: boolean },
  use: (open: Open) => Promise<T>,
): Promise<T> {
  const { openHost } = await import("../open-host.ts"); // heavy: commands that only look do without
  await using store = await context.openStore(makesStore ? "make" : "write");
  const log = (line: LogLine) => showLog(context.output, line);
  await using host = await openHost({ ...toHostOptions(flags), store, cacheFolder: cacheFolder(), log });
  const interrupted = Promise.withResolvers<never>();
  using _listening = context.terminal.onInterrupt((signal) => interrupted.reject(interruption(store.url, signal)));
  const work = flags.wait ? useAndFinish(context, { host, store }, use) : use({ host, store });
  return await Promise.race([work, interrupted.promise]);
}

/** An error is shown before what is left to do is done, however long that takes. */
async function useAndFinish<T>(context: Context, open: Open, use: (open: Open) => Promise<T>): Promise<T> {
  try {
    return await use(open);
  } catch (error) {
    // That it was closed is what interrupting it comes to.
    if (!isHostError(error, "host/closed")) context.output.error(error);
    throw error;
  } finally {
    await finishWork(context, open.host);
  }
}

/** Shows what a guest logs. */
export function showLog(output: Output, { agent, level, message }: LogLine): void {
  output.say(`${output.paintTalk(levelStyle[level], level)} ${output.paintTalk("dim", agent)} ${message}`);
}

/** Errors: `cli/interrupted` is what a command ends with that was interrupted. */
export function interruption(url: string, signal: NodeJS.Signals): HostError {
  const message = `Interrupted. Nothing is lost: the next run on ${url} goes on with it.`;
  return new HostError("cli/interrupted", message, { data: { signal } });
}
