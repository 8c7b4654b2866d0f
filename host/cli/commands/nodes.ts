import { act, type Context, type Declare } from "../command.ts";
import { formatWaiting, readNodes, type NodeReport, type NodesReport } from "../node-report.ts";
import type { Output } from "../output.ts";
import { formatCount, formatSpan, formatTable } from "../table.ts";

const examples = `
Examples:
  planaria nodes
  planaria nodes --json

A node is a process that runs agents of the store: \`planaria serve\`, or any command that calls an agent. One that was
killed is dead until another has taken over what it had.
With --json: {nodes: [{id, group, name, pid, machine, alive, slots, agents, expiresAt, startedAt}], waiting: [{group,
node, calls}]}. \`agents\` are those that it is at work on, \`waiting\` is what no node that is alive may take.`;

export const declareNodes: Declare = (program, terminal) => {
  program
    .command("nodes")
    .description("list the processes that run agents of the store, and the calls that wait for one")
    .addHelpText("after", examples)
    .action(act(terminal, listNodes));
};

async function listNodes({ output, openStore, terminal }: Context): Promise<void> {
  await using store = await openStore("read");
  const now = terminal.now();
  const report = await readNodes(store, now);
  output.result(report, (found, paint) => formatNodes(found, now, paint));
  if (report.nodes.length === 0) output.say(`No process runs agents of ${store.url} now.`);
}

function formatNodes({ nodes, waiting }: NodesReport, now: number, paint: Output["paint"]): string {
  const parts = waiting.map(
    (each) => `${formatCount(each.calls, "call waits", "calls wait")} for ${formatWaiting(each)}`,
  );
  if (nodes.length > 0)
    parts.unshift(
      formatTable(
        head(paint),
        nodes.map((node) => formatNode(node, now, paint)),
        { right: [4, 5, 6, 7] },
      ),
    );
  return parts.join("\n");
}

const head = (paint: Output["paint"]) =>
  ["GROUP", "NAME", "PROCESS", "MACHINE", "SLOTS", "AT WORK", "LEASE", "SINCE"].map((name) => paint("dim", name));

function formatNode(node: NodeReport, now: number, paint: Output["paint"]): string[] {
  const { group, name, pid, machine, alive, slots, agents, expiresAt, startedAt } = node;
  return [
    group ?? paint("dim", "none"),
    name,
    String(pid),
    machine,
    slots === null ? "" : String(slots),
    String(agents),
    alive ? formatSpan(Date.parse(expiresAt) - now) : paint("red", "dead"),
    `${formatSpan(now - Date.parse(startedAt))} ago`,
  ];
}
