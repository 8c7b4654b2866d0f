import { setTimeout as sleep } from "node:timers/promises";
import { isPlaced } from "../../agent/placed.ts";
import { formatTarget } from "../../agent/target.ts";
import { decodeStep } from "../../oplog/codec.ts";
import { describeEntry } from "../../oplog/describe.ts";
import type { Entry } from "../../oplog/entry.ts";
import { readSteps } from "../../scheduler/live.ts";
import type { AgentRow, Store } from "../../store/store.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { parseCount } from "../option.ts";
import type { Output } from "../output.ts";
import { formatCount } from "../table.ts";

const examples = `
Examples:
  planaria oplog 'coordinator("c1")'
  planaria oplog 'coordinator("c1")' --from 12
  planaria oplog 'coordinator("c1")' --last 20 --follow
  planaria oplog 'coordinator("c1")' --json | jq 'select(.kind == "rpc-started")'

With --json: one line for each entry, {index, inherited?, kind, …}; the kinds are those of host/oplog/entry.ts, and
\`inherited\` names the ancestor that a fork has the entry from.`;

/** How often --follow looks for more, in milliseconds. */
const followEveryMs = 100;

interface Options {
  from?: number;
  last?: number;
  follow?: true;
}

export const declareOplog: Declare = (program, terminal) => {
  program
    .command("oplog")
    .description("print what entered an agent and what it called, entry by entry")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .option("--from <index>", "begin at this entry", parseCount)
    .option("--last <count>", "only so many entries, the newest", parseCount)
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .addHelpText("after", examples)
    .action(act(terminal, printOplog));
};

async function printOplog(
  { output, terminal, openStore }: Context,
  { from = 0, last, follow }: Options,
  text: string,
): Promise<void> {
  await using store = await openStore("read");
  const agent = await findAgent(store, text, terminal);
  const start = Math.max(from, last === undefined ? 0 : agent.length - last);
  if (!isPlaced(agent)) output.say(`${agent.id} has not begun: it waits for a node of ${formatTarget(agent.target!)}.`);
  else if (from > agent.length) output.say(`${agent.id} has ${formatCount(agent.length, "entry", "entries")} so far.`);
  const next = await printEntries(output, store, agent, start);
  if (follow) await followEntries({ output, terminal }, store, agent, next);
}

/** Prints entries from an index on. Returns the index of the next one to come. */
async function printEntries(output: Output, store: Store, agent: AgentRow, start: number): Promise<number> {
  const width = String(agent.length).length;
  let next = start;
  for (const { agent: owner, first, entries } of await readSteps(store, agent, start)) {
    const inherited = owner === agent.id ? undefined : owner;
    for (const [position, entry] of decodeStep(entries, { agent: owner, first }).entries()) {
      const index = first + position;
      if (index < start) continue;
      next = index + 1;
      output.result({ index, ...(inherited && { inherited }), ...entry }, (_, paint) => {
        const line = formatEntry(entry, paint);
        return `${paint("dim", String(index).padStart(width))}  ${inherited ? paint("dim", line) : line}`;
      });
    }
  }
  return next;
}

/** Prints what is journaled from now on, until Ctrl-C or the agent's end. */
async function followEntries(
  { output, terminal }: Pick<Context, "output" | "terminal">,
  store: Store,
  agent: AgentRow,
  start: number,
): Promise<void> {
  const stop = new AbortController();
  using _listening = terminal.onInterrupt(() => stop.abort());
  let next = start;
  let version = -1;
  while (!stop.signal.aborted) {
    const current = await store.version();
    if (current !== version) {
      version = current;
      const row = await store.agent(agent.id);
      if (!row) return output.say(`${agent.id} was deleted.`);
      if (row.length > next) next = await printEntries(output, store, row, next);
      if (row.state === "ended" || row.state === "failed") return output.say(`${agent.id} has ${row.state}.`);
    }
    // Aborted is what it is meant to be.
    await sleep(followEveryMs, undefined, { signal: stop.signal }).catch(() => {});
  }
}

/** An entry as a line: a step stands above what belongs to it. */
function formatEntry(entry: Entry, paint: Output["paint"]): string {
  const line = describeEntry(entry);
  if (entry.kind === "created" || entry.kind === "forked") return line;
  if (entry.kind === "stepped") return paint("dim", line);
  const isFailure = entry.kind === "trapped" || ("outcome" in entry && "error" in entry.outcome);
  return `  ${isFailure ? paint("red", line) : line}`;
}
