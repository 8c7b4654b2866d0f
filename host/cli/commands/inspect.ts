import { cutPayload } from "../../oplog/describe.ts";
import { act, type Context, type Declare } from "../command.ts";
import { formatComponent, inspectComponent } from "../component-inspection.ts";
import { findAgent } from "../find-agent.ts";
import { inspectAgent, type Inspection, type InvocationReport } from "../inspection.ts";
import type { Output } from "../output.ts";
import { isComponent, readComponent } from "../read-component.ts";
import { paintState } from "../state-style.ts";
import { formatBytes, formatCount, formatFacts, formatSpan, formatTable } from "../table.ts";

const examples = `
Examples:
  planaria inspect 'coordinator("c1")'
  planaria inspect 'coordinator("c1")' --json
  planaria inspect adder.wasm

With --json: what \`planaria agents --json\` prints of an agent, and {oplog: {entries, inheritedEntries, sizeBytes},
snapshot: {entries, pages, sizeBytes} | null, process: {pid, machine, group, name} | null, operations: [{operation,
kind, …}], invocations: [{state, method, args, key, caller, dueAt, cancelRequested, depth, attempt, attempts, lastError,
createdAt}], forks: [id], children: [id]}. An operation is of the kind promise ({promise}), call ({agent, method, key,
state, target, timesOutAt}), fetch ({method, url, startedAt, attempt, attempts, dueAt}), sleep ({until}), run ({name}) or
host ({what}).
Of a component: {file, digest, sizeBytes, world: "agent" | "blocking", wit, functions: [name] | null, imports: {provided:
[interface], missing: [function]}, unsupported: [text]}.`;

/** Longer tables are cut: a thousand calls in flight say no more than twenty. */
const rowLimit = 20;

export const declareInspect: Declare = (program, terminal) => {
  program
    .command("inspect")
    .description("show an agent: its state, what it waits for, its queue, its forks; or the types of a component")
    .argument("<agent>", "such as 'counter(\"c1\")', or a .wasm component")
    .addHelpText("after", examples)
    .action(act(terminal, inspect));
};

async function inspect(context: Context, _: object, text: string): Promise<void> {
  const { output, openStore, terminal } = context;
  if (isComponent(text)) {
    const bytes = await readComponent(context, text);
    return output.result(inspectComponent(text, bytes), formatComponent);
  }
  await using store = await openStore("read");
  const found = await inspectAgent(store, await findAgent(store, text, terminal));
  output.result(found, (inspection, paint) => formatInspection(inspection, terminal.now(), paint));
}

function formatInspection(found: Inspection, now: number, paint: Output["paint"]): string {
  const { operations, invocations, forks, children } = found;
  const waits = operations.map((each) => [`#${each.operation}`, describe(each, now)]);
  const called = children.filter((child) => !forks.includes(child));
  const tables = [
    formatList(["OPERATION", "WAITS FOR"], waits, paint),
    formatList(
      ["INVOCATION", "CALL", "KEY"],
      invocations.map((each) => describeInvocation(each, now)),
      paint,
    ),
    formatList(
      ["FORKS"],
      forks.map((fork) => [fork]),
      paint,
    ),
    formatList(
      ["BROUGHT TO LIFE"],
      called.map((child) => [child]),
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
  const { id, state, component, target, createdBy, oplog, snapshot, parent, process: owner, error } = found;
  const ago = (time: string) => `${time} ${paint("dim", `(${formatSpan(now - Date.parse(time))} ago)`)}`;
  const inherited = parent ? `${oplog.inheritedEntries} inherited, ` : "";
  const facts: [string, string][] = [
    ["agent", paint("bold", id)],
    ["state", paintState(state, paint)],
    [
      "component",
      component ? `${component.name} ${paint("dim", `sha256:${component.digest}`)}`.trim() : waitsForNode(found),
    ],
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
  if (target !== null) facts.push(["target", target]);
  if (owner)
    facts.push(["process", owner.group === null ? String(owner.pid) : `${owner.pid}, ${owner.name} of ${owner.group}`]);
  if (createdBy !== null && !parent) facts.push(["called by", createdBy]);
  if (parent) facts.push(["forked from", `${parent.agent} at entry ${parent.index}`]);
  if (error !== null) facts.push(["error", paint("red", JSON.stringify(error))]);
  return facts;
}

/** What is said of an agent that no node has taken up; it may have nothing to do any more. */
const waitsForNode = ({ state, target }: Inspection): string =>
  state === "created" ? `none yet: it waits for a node of ${target}` : "none";

function describe(operation: Inspection["operations"][number], now: number): string {
  switch (operation.kind) {
    case "promise":
      return `promise ${operation.promise}`;
    case "call":
      return `${nameCall(operation)} (${describeCall(operation, now)})`;
    case "fetch":
      return `${operation.method} ${cutPayload(operation.url)}${describeTries(operation, now)}`;
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

function describeCall(
  { state, target, timesOutAt }: { state: string; target: string | null; timesOutAt: string | null },
  now: number,
): string {
  const timeout = timesOutAt === null ? "" : `, times out in ${formatSpan(Date.parse(timesOutAt) - now)}`;
  return `${state}${target === null ? "" : ` on ${target}`}${timeout}`;
}

/** How often it is tried, where that is more than once. */
function describeTries(of: { attempt: number; attempts: number; dueAt: string | null }, now: number): string {
  if (of.attempts === 1) return "";
  const next = of.attempt > 1 && of.dueAt !== null ? `, next in ${formatSpan(Date.parse(of.dueAt) - now)}` : "";
  return ` (attempt ${of.attempt} of ${of.attempts}${next})`;
}

function describeInvocation(invocation: InvocationReport, now: number): string[] {
  const { state, method, args, key, dueAt, attempt, cancelRequested, lastError } = invocation;
  const shown = dueAt === null || attempt > 1 ? state : `due ${dueAt}`;
  const failed = lastError === null ? "" : `, failed with ${cutPayload(nameError(lastError))}`;
  const call = `${method}(${cutPayload(JSON.stringify(args).slice(1, -1))})${describeTries(invocation, now)}${failed}`;
  return [cancelRequested ? `${shown}, canceled` : shown, call, key];
}

/** What a guest threw, in a few words. */
function nameError(error: unknown): string {
  const { name = "Error", message = "" } = error as { name?: unknown; message?: unknown };
  return `${String(name)}: ${String(message)}`;
}
