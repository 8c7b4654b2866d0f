import type { AgentRow, InvocationRow, OperationRow, Store } from "../../store/store.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { formatFacts, formatTable, formatTime } from "../table.ts";

const examples = `
Examples:
  planaria inspect 'coordinator("c1")'
  planaria inspect 'coordinator("c1")' --json`;

interface Findings {
  agent: AgentRow;
  /** The running invocation, then the queued ones. */
  queue: InvocationRow[];
  /** What it waits for. */
  operations: OperationRow[];
  forks: string[];
}

export const declareInspect: Declare = (program, terminal) => {
  program
    .command("inspect")
    .description("show an agent: its state, what it waits for, its queue, its forks")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .addHelpText("after", examples)
    .action(act(terminal, inspect));
};

async function inspect({ output, openStoreToRead, terminal }: Context, _: object, text: string): Promise<void> {
  await using store = await openStoreToRead();
  output.result(await findOut(store, await findAgent(store, text, terminal)), formatFindings);
}

async function findOut(store: Store, agent: AgentRow): Promise<Findings> {
  const [queue, operations, forks] = await Promise.all([
    store.queue(agent.id),
    store.operations(agent.id),
    store.forks(agent.id),
  ]);
  return { agent, queue, operations, forks: forks.map((fork) => fork.id) };
}

function formatFindings({ agent, queue, operations, forks }: Findings): string {
  const facts: [string, string][] = [
    ["agent", agent.id],
    ["state", agent.state],
    ["component", `sha256:${agent.component}`],
    ["oplog", `${agent.length} entries`],
    ["snapshot", agent.snapshot ? `of the first ${agent.snapshot.length} entries` : "none yet"],
    ["created", formatTime(agent.createdAt)],
    ["changed", formatTime(agent.updatedAt)],
  ];
  if (agent.parent) facts.push(["forked from", `${agent.parent.agent} after entry ${agent.parent.index}`]);
  if (agent.error) facts.push(["error", agent.error]);
  const parts = [formatFacts(facts)];
  if (operations.length > 0) {
    const rows = operations.map((row) => [`#${row.operation}`, waitsFor(row)]);
    parts.push(formatTable(["OPERATION", "WAITS FOR"], rows));
  }
  if (queue.length > 0) {
    const rows = queue.map((row) => [row.state, `${row.method}(${row.args.slice(1, -1)})`, row.key]);
    parts.push(formatTable(["INVOCATION", "CALL", "KEY"], rows));
  }
  if (forks.length > 0) parts.push(["FORKS", ...forks].join("\n"));
  return parts.join("\n\n");
}

function waitsFor({ source, dueAt }: OperationRow): string {
  if (source !== null) return source;
  return dueAt === null ? "" : `sleep until ${formatTime(dueAt)}`;
}
