import { Option } from "commander";
import { shortDigest } from "../../base/id.ts";
import type { AgentRow, AgentState } from "../../store/store.ts";
import { act, type Context, type Declare } from "../command.ts";
import { parseCount } from "../option.ts";
import { formatSpan, formatTable } from "../table.ts";

const states: AgentState[] = ["created", "running", "suspended", "idle", "ended", "failed"];

const examples = `
Examples:
  planaria agents
  planaria agents --state suspended
  planaria agents --all --json`;

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

async function listAgents(
  { output, terminal, openStoreToRead }: Context,
  { state, all, limit }: Options,
): Promise<void> {
  await using store = await openStoreToRead();
  const rows = await store.agents({ limit, ...(state && { state }) });
  const shown = state || all ? rows : rows.filter((row) => row.state !== "ended");
  output.result(shown, (agents) => formatAgents(agents, terminal.now()));
  if (rows.length === 0) output.say(`No agents in ${store.url}.`);
  if (shown.length < rows.length) output.say(`${rows.length - shown.length} more have ended; --all lists them.`);
  if (rows.length === limit) output.say(`There may be more: this is the limit of ${limit}. --limit sets another.`);
}

function formatAgents(agents: AgentRow[], now: number): string {
  if (agents.length === 0) return "";
  const rows = agents.map(({ id, state, length, component, updatedAt }) => [
    state,
    String(length),
    shortDigest(component),
    `${formatSpan(now - updatedAt)} ago`,
    id,
  ]);
  return formatTable(["STATE", "ENTRIES", "COMPONENT", "CHANGED", "AGENT"], rows);
}
