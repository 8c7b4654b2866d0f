import { formatAgentName } from "../../agent/agent-name.ts";
import { HostError, isHostError } from "../../base/error.ts";
import type { AgentId } from "../../base/id.ts";
import { readTree } from "../../scheduler/deletion.ts";
import { readEnded } from "../../scheduler/retention.ts";
import type { AgentRow, Store } from "../../store/store.ts";
import { parseAgent } from "../call-expression.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { addHostOptions, type HostFlags } from "../host-option.ts";
import { formatCount } from "../table.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria delete 'counter("c1")' 'counter("c2")'
  planaria delete 'coordinator("c1")' --tree --dry-run
  planaria delete --ended

A tree is an agent, all agents that its calls brought to life, its forks, and theirs. Agents that another process runs
are deleted by that process: this one waits until they are gone.
Those that have ended (calls of functions, forks that are through) go by themselves after a while; --ended is for now. It
leaves alone whose outcome somebody still waits for.
With --json: {deleted: [id], remaining, dryRun}, remaining being how many agents they brought to life that stay.`;

interface Options extends HostFlags {
  tree?: true;
  ended?: true;
  dryRun?: true;
}

/** What is to be deleted, as the store has it. */
interface Plan {
  /** The agents that were named. */
  named: AgentId[];
  /** All that go: these, their trees, those that have ended. */
  agents: AgentId[];
  /** The agents that came to life by these, and stay. */
  remaining: AgentRow[];
}

export const declareDelete: Declare = (program, terminal) => {
  const command = program
    .command("delete")
    .description("delete agents with their oplogs and memory; their unfinished invocations fail")
    .argument("[agents...]", "such as 'counter(\"c1\")'")
    .option("--tree", "also all agents that they brought to life")
    .option("--ended", "all agents that have ended")
    .option("-n, --dry-run", "only say which agents would be deleted");
  addHostOptions(command).addHelpText("after", examples).action(act(terminal, deleteAgents));
};

async function deleteAgents(context: Context, options: Options, texts: string[]): Promise<void> {
  const { tree = false, ended = false, dryRun = false, ...flags } = options;
  checkOptions(texts, { tree, ended });
  const plan = await makePlan(context, texts, { tree, ended });
  const { output } = context;
  const report = { deleted: plan.agents, remaining: plan.remaining.length, dryRun };
  if (dryRun) {
    output.result(report, ({ deleted }) => deleted.map((id) => `would delete ${id}`).join("\n"));
    if (plan.agents.length === 0) output.say("There is nothing to delete.");
    return;
  }
  await withHost(context, flags, async ({ host }) => {
    const lines: string[] = [];
    for (const id of plan.named) {
      const count = await host.deleteAgent(id, { tree });
      lines.push(describeDeletion(id, count));
    }
    if (ended) lines.push(`deleted ${formatCount(await host.deleteEnded(), "agent")} that had ended`);
    output.result(report, () => lines.join("\n"));
    if (plan.remaining.length > 0) output.say(describeRest(plan));
  });
}

function checkOptions(texts: readonly string[], { tree, ended }: { tree: boolean; ended: boolean }): void {
  const complain = (message: string) => new HostError("cli/options", message);
  if (texts.length === 0 && tree)
    throw complain("--tree goes with an agent: planaria delete 'coordinator(\"c1\")' --tree.");
  if (texts.length === 0 && !ended)
    throw complain("Which agents? Name them, or say --ended for all that have ended. `planaria agents` lists them.");
}

/** Errors: HostError `agent/unknown` for the first one that is not there: then nothing is deleted. */
async function makePlan(
  { openStore, terminal }: Context,
  texts: readonly string[],
  { tree, ended }: { tree: boolean; ended: boolean },
): Promise<Plan> {
  await using store = await openStore("read");
  const named = new Set<AgentId>();
  const agents = new Set<AgentId>();
  const others = new Map<AgentId, AgentRow>();
  for (const text of texts) {
    const id = formatAgentName(parseAgent(text, terminal.readText));
    const family = await readTree(store, id);
    await checkExists(store, text, { isLeft: tree && family.length > 0 }, terminal);
    named.add(id);
    for (const row of family) if (tree || row.id === id) agents.add(row.id);
    for (const row of family) others.set(row.id, row);
  }
  if (ended) for (const id of await readEnded(store)) agents.add(id);
  const remaining = [...others.values()].filter(({ id }) => !agents.has(id));
  return { named: [...named], agents: [...agents], remaining };
}

/** The rest of a tree can be deleted although its root has gone before. */
async function checkExists(
  store: Store,
  text: string,
  { isLeft }: { isLeft: boolean },
  terminal: Context["terminal"],
): Promise<void> {
  try {
    await findAgent(store, text, terminal);
  } catch (error) {
    if (!isLeft || !isHostError(error, "agent/unknown")) throw error;
  }
}

function describeDeletion(id: AgentId, count: number): string {
  if (count === 0) return `${id} was deleted already`;
  return `deleted ${id}${count > 1 ? ` and ${formatCount(count - 1, "agent")} that came to life by it` : ""}`;
}

function describeRest({ named, remaining }: Plan): string {
  const endedCount = remaining.filter(({ state }) => state === "ended").length;
  const ended = endedCount > 0 ? ` (${endedCount} ended)` : "";
  const whom = `${formatCount(remaining.length, "agent")} that ${named.length === 1 ? "it" : "they"} brought to life`;
  const verb = remaining.length === 1 ? "remains" : "remain";
  return `${whom} ${verb}${ended}. The same with --tree deletes what is left.`;
}
