import type { AgentId, Digest } from "../base/id.ts";
import type { Opening } from "../agent/executor.ts";
import { copyState, makeState, type AgentState } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";
import type { Image } from "../snapshot/image.ts";
import type { Seat } from "./seat.ts";

/** What was done since the newest snapshot: the price of bringing the agent back. */
export interface Since {
  steps: number;
  /** Characters of journal. */
  size: number;
  spentMs: number;
}

/** An agent as it was when its stack was empty. */
export interface Start {
  state: AgentState;
  /** null: that of a fresh guest. */
  image: Image | null;
}

/** What an agent's memory is brought back from: what the store has, or what is still at hand. */
export type Source = Opening | { start: Start; steps: Opening["steps"] };

/** An agent whose memory is at hand: in an instance, or beside one as an image. */
export interface Session {
  readonly agent: AgentId;
  readonly component: Digest;
  state: AgentState;
  mailbox: Input[];
  /** What its memory is still to be brought back from. */
  source: Source | null;
  seat: Seat | null;
  /** The memory as it was last put aside: as it is, while no instance holds it; null: that of a fresh guest. */
  image: Image | null;
  since: Since;
  /** Nobody wants it any more: what it still does is not reported. */
  closed: boolean;
  /** Its guest blocks: while its stack is not empty, only its history can tell what it was about. */
  readonly isBlocking: boolean;
  /** From where on the history goes. */
  start: Start;
  /** All steps since the start, from which it can be brought back; null: there are too many, or it began as a copy. */
  history: Opening["steps"] | null;
}

/** Up to how many steps it is cheaper to make them again than to put the memory aside and back. */
const shortHistory = 6;

export function makeSession(agent: AgentId, component: Digest, source: Source, isBlocking: boolean): Session {
  const start = "start" in source ? source.start : { state: makeState(agent), image: null };
  const isCopy = "snapshot" in source && source.snapshot !== null;
  return {
    agent,
    component,
    state: copyState(start.state),
    mailbox: [],
    source,
    seat: null,
    image: start.image,
    since: nothingSince(),
    closed: false,
    isBlocking,
    start,
    history: isCopy && !isBlocking ? null : [],
  };
}

/** Notes a step in the history. */
export function remember(session: Session, first: number, entries: string): void {
  if (session.history && session.history.push({ first, entries }) > shortHistory && !session.isBlocking)
    session.history = null;
}

/** Whether it is cheaper to tell the history again than to copy the memory, or the only way. */
export function isRetold({ history, isBlocking, seat }: Session): boolean {
  return history !== null && (history.length <= shortHistory || (isBlocking && !seat!.isAtRest));
}

/** Begins the history anew, with the memory as it is. */
export function startAnew(session: Session, image: Image | null): void {
  session.image = image;
  session.start = { state: copyState(session.state), image };
  session.history = [];
}

/** Forgets the memory of an agent whose history is known: it is brought back when the agent has something to do. */
export function retell(session: Session, steps: Opening["steps"]): void {
  const { agent, component, isBlocking, start, mailbox } = session;
  Object.assign(session, makeSession(agent, component, { start, steps }, isBlocking), { mailbox });
}

/**
 * When a snapshot is due: when replaying what came since would take longer than some 20 ms.
 *
 * A step replays in the time that it took, 20 to 40 µs if it is small; a snapshot of a QuickJS guest costs about as much
 * as 15 such steps, and 10 kB of disk and more where the journal of one step is a few hundred bytes. So an agent with a
 * short history is its history. In a process that has just begun, whose engine has yet to compile what is used much, a
 * step takes some ten times as long: that is why they are counted, too.
 */
const snapshotAfter: Since = { steps: 128, size: 1_048_576, spentMs: 20 };

export function isSnapshotDue(since: Since): boolean {
  return (
    since.steps >= snapshotAfter.steps || since.size >= snapshotAfter.size || since.spentMs >= snapshotAfter.spentMs
  );
}

export const nothingSince = (): Since => ({ steps: 0, size: 0, spentMs: 0 });
