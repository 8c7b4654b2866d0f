import type { AgentId } from "../base/id.ts";
import { promiseId } from "../base/id.ts";
import { cutPayload } from "../oplog/describe.ts";
import { promiseAt } from "../scheduler/promises.ts";
import type { AgentRow, NodeRow, Store } from "../store/store.ts";
import type { Context } from "./command.ts";
import { readInFlight, type InFlight } from "./in-flight.ts";
import { findWaiting, formatWaiting, isAlive } from "./node-report.ts";
import { quoteWord } from "./shell.ts";
import { formatSpan, formatTime } from "./table.ts";

/** How often it is looked what a call waits for, and how long it may be silent, in milliseconds. */
const everyMs = 2_000;
/** Shorter waits end before anybody has read of them. */
const worthSayingMs = 1_000;
/** Requests take as long as this now and then. */
const usualMs = 10_000;
/** More agents or reasons than these tell nobody anything. */
const limits = { agents: 64, reasons: 4 };

/** Reasons in words, by what makes each one: one that holds for many agents is said of the first. */
type Reasons = Map<string, string>;

/** Says what an agent waits for while somebody waits for the agent, until it is disposed. Each reason is said once. */
export function explainWait({ output, terminal }: Context, store: Store, agent: AgentId): Disposable {
  const said = new Set<string>();
  const timer = setInterval(async () => {
    // What can't be read now is read by the next look, or is the call's own error.
    const reasons = await findReasons(store, agent, terminal.now()).catch((): Reasons => new Map());
    const news = [...reasons].filter(([key]) => !said.has(key));
    for (const [key] of news) said.add(key);
    for (const [, reason] of news.slice(0, limits.reasons)) output.say(reason);
    if (news.length > limits.reasons) output.say(`… and for ${news.length - limits.reasons} more.`);
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Follows calls in flight from agent to agent, to those that wait for the time or for somebody outside. */
async function findReasons(store: Store, first: AgentId, now: number): Promise<Reasons> {
  const reasons: Reasons = new Map();
  const add = (reason: string) => reasons.set(reason, reason);
  const nodes = await store.nodes();
  const agents = new Set([first]);
  for (const id of agents) {
    const row = await store.agent(id);
    if (!row) continue;
    addPlace(reasons, row, nodes, now);
    for (const reason of await findDelays(store, row, now)) add(reason);
    for (const operation of await readInFlight(store, row)) {
      if (operation.kind === "call" && operation.state !== "done" && agents.size < limits.agents)
        agents.add(operation.agent);
      const reason = await findReason(store, operation, now);
      if (reason) add(`${id} ${reason}`);
    }
  }
  return reasons;
}

/** Where an agent is, or where it can't be: one of a thousand on the same node says as much as all of them. */
function addPlace(reasons: Reasons, row: AgentRow, nodes: readonly NodeRow[], now: number): void {
  const owner = nodes.find((node) => node.id === row.node);
  if (owner && owner.pid !== process.pid) {
    const place = owner.group === null ? "" : ` (${owner.name} of ${owner.group})`;
    reasons.set(owner.id, `${row.id} belongs to process ${owner.pid}${place}, which goes on with it.`);
  }
  const alive = nodes.filter((node) => isAlive(node, now));
  for (const waiting of findWaiting([row], alive)) {
    const what = formatWaiting(waiting);
    reasons.set(what, `${row.id} waits for ${what}.`);
  }
}

/** Invocations that are to begin later. */
async function findDelays(store: Store, { id }: AgentRow, now: number): Promise<string[]> {
  const queue = await store.queue(id);
  return queue.flatMap(({ method, dueAt, attempt, retry, lastError }) => {
    const leftMs = (dueAt ?? 0) - now;
    if (dueAt === null || leftMs < worthSayingMs) return [];
    if (attempt === 1) return [`${id} begins ${method} at ${formatTime(dueAt)}, in ${formatSpan(leftMs)}.`];
    const tries = `attempt ${attempt} of ${retry?.attempts ?? attempt}`;
    return [`${id} failed with ${cutPayload(lastError ?? "")}; ${tries} of ${method} begins in ${formatSpan(leftMs)}.`];
  });
}

async function findReason(store: Store, operation: InFlight, now: number): Promise<string | null> {
  switch (operation.kind) {
    case "sleep": {
      const leftMs = operation.until - now;
      return leftMs >= worthSayingMs ? `sleeps until ${formatTime(operation.until)}, for ${formatSpan(leftMs)}.` : null;
    }
    case "fetch": {
      const { method, url, startedAt, attempt, attempts } = operation;
      if (now - startedAt < usualMs) return null;
      return `waits for ${method} ${cutPayload(url)}${attempts > 1 ? `, attempt ${attempt} of ${attempts}` : ""}.`;
    }
    case "promise": {
      const id = operation.promise;
      const row = await store.promise(promiseId(id));
      if (!row || promiseAt(row, now).state !== "pending") return null;
      return `waits for promise ${id}; complete it with \`planaria promise complete ${quoteWord(id)} JSON\`.`;
    }
    default:
      return null;
  }
}
