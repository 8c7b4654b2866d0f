import { Option } from "commander";
import { shortDigest } from "../../base/id.ts";
import type { AgentRow, AgentState, Store } from "../../store/store.ts";
import { act, type Context, type Declare } from "../command.ts";
import { parseCount } from "../option.ts";
import type { Output } from "../output.ts";
import { openReporter, type AgentReport } from "../report.ts";
import { paintState } from "../state-style.ts";
import { formatSpan, formatTable } from "../table.ts";

const states: AgentState[] = ["created", "running", "suspended", "idle", "ended", "failed"];

const examples = `
Examples:
  planaria agents
  planaria agents --state suspended
  planaria agents --all --json

running: a step is due or under way; suspended: its call waits; idle: nothing to do; ended: it was a function's one call,
or a fork, and is through; failed: it takes no more calls. One with a target waits for a node that may run it.
With --json: [{id, type, params, state, component: {digest, name} | null, target, createdBy, entries, parent: {agent,
index} | null, createdAt, updatedAt, error}].`;

interface Options {
  state?: AgentState;
  all?: true;
  limit: number;
}

export const declareAgents: Declare = (program, terminal) => {
  program
    .command("agents")
    .description("list agents, in order of creation")
    .addOption(new Option("--state <state>", "only those in this state").choices(states))
    .option("--all", "also those that have ended")
    .option("--limit <count>", "at most so many", parseCount, 1000)
    .addHelpText("after", examples)
    .action(act(terminal, listAgents));
};

async function listAgents({ output, terminal, openStore }: Context, { state, all, limit }: Options): Promise<void> {
  await using store = await openStore("read");
  const rows = state || all ? await store.agents({ limit, ...(state && { state }) }) : await readAlive(store, limit);
  const report = await openReporter(store);
  output.result(rows.map(report), (agents, paint) => formatAgents(agents, terminal.now(), paint));
  const hidesEnded = !state && !all && (await store.agents({ state: "ended", limit: 1 })).length > 0;
  if (hidesEnded) output.say("Those that have ended are not shown; --all lists them.");
  else if (rows.length === 0) output.say(`No agents${state ? ` that are ${state}` : ""} in ${store.url}.`);
  if (rows.length === limit) output.say(`There may be more: this is the limit of ${limit}. --limit sets another.`);
}

/** The agents that have not ended. They may be few among millions that have. */
async function readAlive(store: Store, limit: number): Promise<AgentRow[]> {
  const alive = states.filter((state) => state !== "ended");
  const rows = (await Promise.all(alive.map((state) => store.agents({ state, limit })))).flat();
  return rows.toSorted((a, b) => a.createdAt - b.createdAt).slice(0, limit);
}

/** What stands for the component of an agent that no node has taken up; it may have nothing to do any more. */
const waitsForNode = (state: AgentState, target: string | null) =>
  state === "created" ? `waits for ${target}` : "none";

function formatAgents(agents: AgentReport[], now: number, paint: Output["paint"]): string {
  if (agents.length === 0) return "";
  const rows = agents.map(({ id, state, entries, component, target, updatedAt }) => [
    paintState(state, paint),
    String(entries),
    `${formatSpan(now - Date.parse(updatedAt))} ago`,
    paint("dim", component ? `${component.name} ${shortDigest(component.digest)}`.trim() : waitsForNode(state, target)),
    id,
  ]);
  const head = ["STATE", "ENTRIES", "CHANGED", "COMPONENT", "AGENT"].map((name) => paint("dim", name));
  return formatTable(head, rows, { right: [1, 2] });
}
