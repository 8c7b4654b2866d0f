import type { AgentRow, AgentState, NodeRow, Store } from "../store/store.ts";
import { hasEnded, machineName } from "../system/machine.ts";
import { formatTime } from "./table.ts";

/** What `planaria nodes --json` prints. */
export interface NodesReport {
  nodes: NodeReport[];
  waiting: WaitingReport[];
}

export interface NodeReport {
  id: string;
  /** Whose calls it takes; null: it runs what has no target, and nothing else. */
  group: string | null;
  /** What it is called within its group. */
  name: string;
  pid: number;
  machine: string;
  /** False if its process is gone or its lease is over: whoever comes first takes over what it had. */
  alive: boolean;
  /** How many agents of its group it runs at once; null for one without a group. */
  slots: number | null;
  /** How many agents it has that something is under way in, whatever they were called for. */
  agents: number;
  /** When its lease ends, unless it renews it. */
  expiresAt: string;
  startedAt: string;
}

/** Calls that wait since no living node may take them. */
export interface WaitingReport {
  group: string;
  /** The node that they are for alone; null: any of the group. */
  node: string | null;
  calls: number;
}

const atWork: readonly AgentState[] = ["created", "running"];

/** Reads who is at work in a store, and what waits for somebody who is not. */
export async function readNodes(store: Store, now: number): Promise<NodesReport> {
  const [rows, agents] = await Promise.all([store.nodes(), readAtWork(store)]);
  const alive = rows.filter((row) => isAlive(row, now));
  const report = (row: NodeRow): NodeReport => ({
    id: row.id,
    group: row.group,
    name: row.name,
    pid: row.pid,
    machine: nameMachine(row),
    alive: alive.includes(row),
    slots: row.group === null ? null : row.slots,
    agents: agents.filter(({ node }) => node === row.id).length,
    expiresAt: formatTime(row.expiresAt),
    startedAt: formatTime(row.startedAt),
  });
  return {
    nodes: rows.toSorted((a, b) => a.startedAt - b.startedAt).map(report),
    waiting: findWaiting(agents, alive),
  };
}

/** Whether a node may still be at work, as far as this machine can tell. */
export function isAlive({ expiresAt, machine, pid }: NodeRow, now: number): boolean {
  return expiresAt > now && !(machine === machineName() && hasEnded(pid));
}

/** The machine that a node runs on, as people call it. */
export const nameMachine = ({ machine }: NodeRow): string => machine.split(" ", 1)[0]!;

async function readAtWork(store: Store): Promise<AgentRow[]> {
  return (await Promise.all(atWork.map((state) => store.agents({ state })))).flat();
}

/** Agents that have something to do and a target that admits nobody who is alive, counted by that target. */
export function findWaiting(agents: readonly AgentRow[], alive: readonly NodeRow[]): WaitingReport[] {
  const counts = new Map<string, WaitingReport>();
  for (const { target, node } of agents) {
    if (target === null || alive.some(({ id }) => id === node)) continue;
    const wanted = target.only ? target.node : null;
    if (alive.some(({ group, name }) => group === target.group && (wanted === null || wanted === name))) continue;
    const key = JSON.stringify([target.group, wanted]);
    const known = counts.get(key) ?? { group: target.group, node: wanted, calls: 0 };
    counts.set(key, { ...known, calls: known.calls + 1 });
  }
  return [...counts.values()];
}

/** What there is to do about calls that wait: `of enrichment-workers; …`. */
export function formatWaiting({ group, node }: Pick<WaitingReport, "group" | "node">): string {
  const name = node === null ? "" : ` --name ${node}`;
  const who = node === null ? `a node of ${group}` : `the node ${node} of ${group}`;
  return `${who}; \`planaria serve --group ${group}${name} GUEST\` starts one`;
}
