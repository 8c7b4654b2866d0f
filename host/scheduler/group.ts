import { isTargetName } from "../agent/target.ts";
import { HostError } from "../base/error.ts";
import type { AgentId, NodeId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import { preferenceMs, type Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";

/** A node's part in a group. */
export interface Membership {
  /** The group's name. */
  name: string;
  /** What this node is called there. */
  node: string;
  /** How many agents with a target it runs at once; those that wait for something do not count. */
  slots: number;
}

/** Errors: HostError `host/bad-group` for a group that no target can name, or without a slot. */
export function checkMembership({ name, node, slots }: Membership): void {
  const bad = [name, node].find((each) => !isTargetName(each));
  const isCount = Number.isSafeInteger(slots) && slots >= 1;
  if (bad === undefined && isCount) return;
  const why =
    bad === undefined
      ? `it has ${slots} slots, and a whole number from 1 is expected`
      : `${JSON.stringify(bad)} is no name: up to 64 letters, digits, ".", "_" and "-" are expected`;
  throw new HostError("host/bad-group", `This host can't be a node of a group: ${why}.`, {
    data: { name, node, slots },
  });
}

export interface GroupOptions {
  store: Store;
  clock: Clock;
  node: NodeId;
  group: string;
  agents: Pick<Agents, "slots" | "atWorkCount">;
  /** Goes on with an agent that was taken. */
  goOn: (id: AgentId) => Promise<void>;
}

/** How long a node puts off taking a few when it has taken many, and how long it is full before others are to know. */
const patienceMs = 100;

/**
 * What a node takes of the agents that wait for its group: up to its slots, and of those whose turn it is first.
 *
 * It takes many at once, since every time costs a transaction: as soon as half of its slots are free, or, where agents take
 * their time, after a moment as many as there are. While none are, it says that it is full, and others take its turns.
 */
export class Group {
  readonly #options: GroupOptions;
  /** Whether there may be more than it has taken. */
  #hasMore = false;
  /** When what is left to others may have become this node's. */
  #lookAt = Infinity;
  #tookAt = -Infinity;
  /** Since when all slots have been taken; null: some are free. */
  #fullSince: number | null = null;
  /** What the others know. */
  #saidFull = false;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** Whether there is reason to look although nobody has written anything. */
  get isDue(): boolean {
    return this.#hasMore || this.#saidFull || this.#options.clock.now() >= this.#lookAt;
  }

  async look(): Promise<void> {
    this.#hasMore = true;
    await this.refill();
    await this.#sayWhetherFull();
  }

  /** Takes more, if there may be more and it is time. */
  async refill(): Promise<void> {
    const { store, clock, node, group, agents, goOn } = this.#options;
    const now = clock.now();
    const free = agents.slots - agents.atWorkCount;
    if (!this.#hasMore || free <= 0 || (free < agents.slots / 2 && now < this.#tookAt + patienceMs)) return;
    const taken = await store.take(node, free, now);
    if (taken.length > 0) this.#tookAt = now;
    for (const id of taken) await goOn(id);
    this.#hasMore = taken.length === free;
    const isLeft = !this.#hasMore && (await store.countWaiting(group, now)) > 0;
    this.#lookAt = isLeft ? now + preferenceMs / 2 : Infinity;
  }

  async #sayWhetherFull(): Promise<void> {
    const { store, clock, node, agents } = this.#options;
    const now = clock.now();
    this.#fullSince = agents.atWorkCount < agents.slots ? null : (this.#fullSince ?? now);
    const isFull = this.#fullSince !== null && now >= this.#fullSince + patienceMs;
    if (isFull === this.#saidFull) return;
    await store.offer(node, { slots: agents.slots, full: isFull });
    this.#saidFull = isFull;
  }
}
