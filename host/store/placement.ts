import type { NodeId } from "../base/id.ts";
import { preferenceMs, turnMs, type AgentRow, type NodeRow, type Target } from "./store.ts";

/*
 * Who may own an agent: the same rules in every store.
 */

/** What the rules need to know of an agent. */
export type Placeable = Pick<AgentRow, "node" | "target" | "updatedAt"> & {
  /** Of agents that came to be one after the other, the numbers are so, too. */
  number: number;
};

/** Whether an agent with this target may ever live on a node. */
export function admits(target: Target | null, node: Pick<NodeRow, "group" | "name">): boolean {
  return target === null || (target.group === node.group && (!target.only || target.node === node.name));
}

/** Whether a node owns an agent, or may, since nobody does. */
export function concerns(
  { node: owner, target }: Pick<AgentRow, "node" | "target">,
  node: Pick<NodeRow, "id" | "group" | "name">,
): boolean {
  return owner === null ? admits(target, node) : owner === node.id;
}

/** Whether `node` may become the owner of an agent; its owner already is. */
export function mayClaim(
  agent: Pick<AgentRow, "node" | "target">,
  node: NodeRow,
  { anyTarget = false, isAlive }: { anyTarget?: boolean | undefined; isAlive: (node: NodeId) => boolean },
): boolean {
  if (agent.node === node.id) return true;
  if (agent.node !== null && isAlive(agent.node)) return false;
  return anyTarget || admits(agent.target, node);
}

/** The nodes of a node's group that are alive, itself among them, in the same order for each of them. */
export function peersOf(node: NodeRow, nodes: readonly NodeRow[], now: number): NodeRow[] {
  const peers = nodes.filter(({ id, group, expiresAt }) => id === node.id || (group === node.group && expiresAt > now));
  return peers.toSorted((left, right) => (left.id < right.id ? -1 : 1));
}

/** Whether a node may take up an agent with a target that nobody owns, or leaves it to the one that is preferred or in turn. */
export function mayTake(agent: Placeable, node: NodeRow, peers: readonly NodeRow[], at: number): boolean {
  const { target } = agent;
  if (agent.node !== null || target === null || !admits(target, node)) return false;
  if (target.node === node.name) return true;
  const waitedMs = at - agent.updatedAt;
  if (target.node !== null && peers.some(({ name }) => name === target.node)) return waitedMs >= preferenceMs;
  return waitedMs >= turnMs || (findInTurn(agent.number, peers) ?? node) === node;
}

/**
 * The node whose turn it is to take up an agent; undefined if none has slots to spare.
 *
 * Each node has a part of the interval from 0 to 1, as long as its slots are many, and an agent's number times the golden
 * ratio, less what is whole of it, lies in the part of one: so that a few agents in succession are spread as evenly as many.
 */
function findInTurn(number: number, nodes: readonly NodeRow[]): NodeRow | undefined {
  const peers = nodes.filter(({ full }) => !full);
  const slotsOfAll = peers.reduce((sum, { slots }) => sum + slots, 0);
  let rest = ((Math.imul(number, 0x9e3779b9) >>> 0) / 2 ** 32) * slotsOfAll;
  return peers.find(({ slots }) => (rest -= slots) < 0);
}
