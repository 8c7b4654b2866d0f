import type { AgentId, Digest } from "../base/id.ts";
import type { Opening } from "../agent/executor.ts";
import { makeState, type AgentState } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";
import type { Image } from "../snapshot/image.ts";
import type { Seat } from "./fleet.ts";

/** What was done since the newest snapshot: the price of bringing the agent back. */
export interface Since {
  steps: number;
  /** Characters of journal. */
  size: number;
  spentMs: number;
}

/** An agent whose memory is at hand: in an instance, or beside one as an image. */
export interface Session {
  readonly agent: AgentId;
  readonly component: Digest;
  state: AgentState;
  mailbox: Input[];
  /** What its memory is still to be brought back from. */
  opening: Opening | null;
  seat: Seat | null;
  /** The memory as it was last put aside: as it is, while no instance holds it; null: that of a fresh guest. */
  image: Image | null;
  since: Since;
  /** Nobody wants it any more: what it still does is not reported. */
  closed: boolean;
  /** All steps of a short life, from which it can be brought back; null: it has grown too long, or began as a copy. */
  history: Opening["steps"] | null;
}

/** Up to how many steps it is cheaper to make them again than to put the memory aside and back. */
const shortHistory = 6;

export function makeSession(opening: Opening): Session {
  const { agent, component } = opening;
  const history = opening.snapshot ? null : [];
  return {
    agent,
    component,
    state: makeState(agent),
    mailbox: [],
    opening,
    seat: null,
    image: null,
    since: nothingSince(),
    closed: false,
    history,
  };
}

/** Notes a step in the history, as long as that is short. */
export function remember(session: Session, first: number, entries: string): void {
  if (session.history && session.history.push({ first, entries }) > shortHistory) session.history = null;
}

/** Forgets the memory of an agent with a short history: it is brought back when the agent has something to do. */
export function retell(session: Session, steps: Opening["steps"]): void {
  const { agent, component, mailbox } = session;
  Object.assign(session, makeSession({ agent, component, snapshot: null, steps }), { mailbox });
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
