import type { Host } from "../scheduler/host.ts";
import type { Context } from "./command.ts";
import { formatCount } from "./table.ts";

/** How long work may go on behind a result before people are told, in milliseconds. */
const patienceMs = 1_000;

/**
 * Lets the agents go on that can, until all of them wait for the time, or for somebody outside.
 *
 * Errors: those of the host, if it fails meanwhile.
 */
export async function finishWork({ output }: Context, host: Host): Promise<void> {
  const talk = setTimeout(() => {
    const agents = formatCount(host.busyCount, "agent is", "agents are");
    output.say(`${agents} still at work. Ctrl-C leaves the rest to the next run; --no-wait does so at once.`);
  }, patienceMs);
  try {
    await host.settled();
  } finally {
    clearTimeout(talk);
  }
}
