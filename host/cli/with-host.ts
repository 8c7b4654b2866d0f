import { cacheFolder } from "../../build/cache-folder.ts";
import { HostError } from "../base/error.ts";
import type { Host, LogLine } from "../scheduler/host.ts";
import type { Context } from "./command.ts";
import type { Output } from "./output.ts";

const levelStyle = { debug: "dim", info: "cyan", warn: "yellow", error: "red" } as const;

/**
 * Opens a host on the store that the user means, for as long as `use` takes. What is unfinished in the store goes on
 * meanwhile; what guests log is shown.
 *
 * Errors: HostError `cli/interrupted` on Ctrl-C, once the host is closed.
 */
export async function withHost<T>(
  { terminal, output, openStore }: Context,
  use: (host: Host) => Promise<T>,
): Promise<T> {
  const { openHost } = await import("../open-host.ts"); // heavy: commands that only look do without
  await using store = await openStore();
  await using host = await openHost({ store, cacheFolder: cacheFolder(), log: (line) => showLog(output, line) });
  const interrupted = Promise.withResolvers<never>();
  using _listening = terminal.onInterrupt(() => interrupted.reject(interruption(store.url)));
  return await Promise.race([use(host), interrupted.promise]);
}

function showLog(output: Output, { agent, level, message }: LogLine): void {
  output.say(`${output.paintTalk(levelStyle[level], level)} ${output.paintTalk("dim", agent)} ${message}`);
}

function interruption(url: string): HostError {
  return new HostError("cli/interrupted", `Interrupted. Nothing is lost: the next run on ${url} goes on with it.`);
}
