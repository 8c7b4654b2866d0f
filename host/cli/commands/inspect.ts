import { cutPayload } from "../../oplog/describe.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { inspectAgent, type Inspection, type InvocationReport } from "../inspection.ts";
import type { Output } from "../output.ts";
import { paintState } from "../state-style.ts";
import { formatBytes, formatCount, formatFacts, formatSpan, formatTable } from "../table.ts";

const examples = `
Examples:
  planaria inspect 'coordinator("c1")'
  planaria inspect 'coordinator("c1")' --json

With --json: what \`planaria agents --json\` prints of an agent, and {oplog: {entries, inheritedEntries, sizeBytes},
snapshot: {entries, pages, sizeBytes} | null, process: {pid, machine} | null, operations: [{operation, kind, …}],
invocations: [{state, method, args, key, caller, dueAt, createdAt}], forks: [id]}. An operation is of the kind promise
({promise}), call ({agent, method, key, state}), sleep ({until}), run ({name}) or host ({what}).`;

/** Longer tables are cut: a thousand calls in flight say no more than twenty. */
const rowLimit = 20;

export const declareInspect: Declare = (program, terminal) => {
  program
    .command("inspect")
    .description("show an agent: its state, what it waits for, its queue, its forks")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .addHelpText("after", examples)
    .action(act(terminal, inspect));
};

async function inspect({ output, openStore, terminal }: Context, _: object, text: string): Promise<void> {
  await using store = await openStore("read");
  const found = await inspectAgent(store, await findAgent(store, text, terminal));
  output.result(found, (inspection, paint) => formatInspection(inspection, terminal.now(), paint));
}

function formatInspection(found: Inspection, now: number, paint: Output["paint"]): string {
  const { operations, invocations, forks } = found;
  const waits = operations.map((each) => [`#${each.operation}`, describe(each)]);
  const tables = [
    formatList(["OPERATION", "WAITS FOR"], waits, paint),
    formatList(["INVOCATION", "CALL", "KEY"], invocations.map(describeInvocation), paint),
    formatList(
      ["FORKS"],
      forks.map((fork) => [fork]),
      paint,
    ),
  ];
  return [formatFacts(listFacts(found, now, paint)), ...tables.filter((table) => table !== "")].join("\n\n");
}

/** The first rows of a table, and how many more there are; nothing if there is none. */
function formatList(head: readonly string[], rows: readonly string[][], paint: Output["paint"]): string {
  if (rows.length === 0) return "";
  const table = formatTable(
    head.map((name) => paint("dim", name)),
    rows.slice(0, rowLimit),
  );
  const more = rows.length - rowLimit;
  return more > 0 ? `${table}\n${paint("dim", `… and ${more} more; --json has all of them`)}` : table;
}

function listFacts(found: Inspection, now: number, paint: Output["paint"]): [string, string][] {
  const { id, state, component, oplog, snapshot, parent, process: owner, error } = found;
  const ago = (time: string) => `${time} ${paint("dim", `(${formatSpan(now - Date.parse(time))} ago)`)}`;
  const inherited = parent ? `${oplog.inheritedEntries} inherited, ` : "";
  const facts: [string, string][] = [
    ["agent", paint("bold", id)],
    ["state", paintState(state, paint)],
    ["component", `${component.name} ${paint("dim", `sha256:${component.digest}`)}`.trim()],
    ["oplog", `${formatCount(oplog.entries, "entry", "entries")}, ${inherited}${formatBytes(oplog.sizeBytes)}`],
    [
      "snapshot",
      snapshot
        ? `of the first ${snapshot.entries}, ${formatCount(snapshot.pages, "page")}, ${formatBytes(snapshot.sizeBytes)}`
        : "none yet",
    ],
    ["created", ago(found.createdAt)],
    ["changed", ago(found.updatedAt)],
  ];
  if (owner) facts.push(["process", String(owner.pid)]);
  if (parent) facts.push(["forked from", `${parent.agent} at entry ${parent.index}`]);
  if (error !== null) facts.push(["error", paint("red", JSON.stringify(error))]);
  return facts;
}

function describe(operation: Inspection["operations"][number]): string {
  switch (operation.kind) {
    case "promise":
      return `promise ${operation.promise}`;
    case "call":
      return `${nameCall(operation)} (${operation.state})`;
    case "sleep":
      return `sleep until ${operation.until}`;
    case "run":
      return `run of ${operation.name}`;
    case "host":
      return operation.what;
  }
}

/** The agent of a function's one call bears the function's name already. */
function nameCall({ agent, method }: { agent: string; method: string }): string {
  return agent.startsWith(`${method}[`) ? agent : `${agent}.${method}`;
}

function describeInvocation({ state, method, args, key, dueAt }: InvocationReport): string[] {
  const call = `${method}(${cutPayload(JSON.stringify(args).slice(1, -1))})`;
  return [dueAt === null ? state : `due ${dueAt}`, call, key];
}
