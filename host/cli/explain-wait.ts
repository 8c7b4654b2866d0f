import type { AgentId } from "../base/id.ts";
import { promiseId } from "../base/id.ts";
import type { Store } from "../store/store.ts";
import type { Context } from "./command.ts";
import { readInFlight, type InFlight } from "./in-flight.ts";
import { quoteWord } from "./shell.ts";
import { formatSpan, formatTime } from "./table.ts";

/** How often it is looked what a call waits for, and how long it may be silent, in milliseconds. */
const everyMs = 2_000;
/** Shorter sleeps end before anybody has read of them. */
const worthSayingMs = 1_000;
/** More agents or reasons than these tell nobody anything. */
const limits = { agents: 64, reasons: 4 };

/** Says what an agent waits for while somebody waits for the agent, until it is disposed. Each reason is said once. */
export function explainWait({ output, terminal }: Context, store: Store, agent: AgentId): Disposable {
  const said = new Set<string>();
  const timer = setInterval(async () => {
    // What can't be read now is read by the next look, or is the call's own error.
    const reasons = await findReasons(store, agent, terminal.now()).catch(() => []);
    const news = reasons.filter((reason) => !said.has(reason));
    for (const reason of news) said.add(reason);
    for (const reason of news.slice(0, limits.reasons)) output.say(reason);
    if (news.length > limits.reasons) output.say(`… and for ${news.length - limits.reasons} more.`);
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Follows calls in flight from agent to agent, to those that wait for the time or for somebody outside. */
async function findReasons(store: Store, first: AgentId, now: number): Promise<string[]> {
  const reasons: string[] = [];
  const agents = new Set([first]);
  for (const id of agents) {
    const row = await store.agent(id);
    if (!row) continue;
    const owner = (await store.nodes()).find((node) => node.id === row.node);
    if (owner && owner.pid !== process.pid)
      reasons.push(`${id} belongs to process ${owner.pid}, which goes on with it.`);
    for (const operation of await readInFlight(store, row)) {
      if (operation.kind === "call" && operation.state !== "done" && agents.size < limits.agents)
        agents.add(operation.agent);
      const reason = await findReason(store, operation, now);
      if (reason) reasons.push(`${id} ${reason}`);
    }
  }
  return reasons;
}

async function findReason(store: Store, operation: InFlight, now: number): Promise<string | null> {
  if (operation.kind === "sleep") {
    const leftMs = operation.until - now;
    return leftMs >= worthSayingMs ? `sleeps until ${formatTime(operation.until)}, for ${formatSpan(leftMs)}.` : null;
  }
  if (operation.kind !== "promise") return null;
  const id = operation.promise;
  const row = await store.promise(promiseId(id));
  if (row?.state !== "pending") return null;
  return `waits for promise ${id}; complete it with \`planaria promise complete ${quoteWord(id)} JSON\`.`;
}
