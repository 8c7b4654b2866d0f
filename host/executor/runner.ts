import { unlimited, type ExecutorListener, type Opening, type StepLimits, type Stepped } from "../agent/executor.ts";
import { joinManifest, splitManifest } from "../agent/saved.ts";
import { applyEntry, copyState, takeFinished } from "../agent/state.ts";
import { takeInputs, trapFailure, type Input } from "../agent/step.ts";
import { invariant } from "../base/error.ts";
import { forkId, type AgentId, type Digest } from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { decodeStep, encodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import { Recorder } from "../replay/journal.ts";
import { mismatchError } from "../replay/mismatch.ts";
import { captureImage, imageSizes, type Image } from "../snapshot/image.ts";
import { decodeSnapshot, encodeSnapshot, listPages } from "../snapshot/manifest.ts";
import { Fleet, type FleetOptions } from "./fleet.ts";
import { readyInputs, wantedInputs } from "./inputs.ts";
import { changedMemory, replayStep } from "./replay-step.ts";
import type { Seat } from "./seat.ts";
import {
  isRetold,
  isSnapshotDue,
  makeSession,
  nothingSince,
  remember,
  retell,
  startAnew,
  type Session,
  type Source,
} from "./session.ts";
import { StepLimit } from "./step-limit.ts";
import { findUndone, isWithin } from "./undone.ts";

/** Told before and after every step, so that somebody outside the thread can see one that does not end. */
export interface Watch {
  begin(agent: AgentId): void;
  end(): void;
}

export interface RunnerOptions extends FleetOptions {
  clock: Clock;
  random: Random;
  listener: Pick<ExecutorListener, "stepped" | "failed">;
  watch?: Watch;
  /**
   * Lets other work of the thread go on; awaited between steps. `isInward`: somebody is to run, and nobody outside waits
   * for what the last step did, so that it may go on at once if others have had their turn a moment ago.
   */
  breathe: (isInward: boolean) => Promise<void> | undefined;
}

/**
 * How many agents with a short history hold an instance at once. They give it up for nothing, and the instances that
 * agents take in turn should stay in the processor's caches: a memory is 2 MB, and half of a new agent's time goes by in
 * overwriting one. A thousand new agents take 150 µs each with 4, and 240 µs with 32.
 */
const mostShort = 4;

/** Runs the guests of one thread, one step at a time, in turn. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #fleet: Fleet;
  readonly #limits = new Map<Digest, StepLimits>();
  readonly #sessions = new Map<AgentId, Session>();
  /** Sessions that hold an instance, the one that ran longest ago first. */
  readonly #seated = new Set<Session>();
  /** Agents that have something to do, in turn. */
  readonly #ready = new Set<AgentId>();
  /** Pages that the store was given by this thread. */
  readonly #stored = new Set<string>();
  /** The session whose turn it is. */
  #active: Session | null = null;
  #running = false;
  /** The component that ran last. */
  #component: Digest | null = null;
  /** Whether all that the last step did concerns its agent alone. */
  #isInward = false;
  /** Resolves when nothing runs any more. */
  #rest: Promise<void> = Promise.resolve();
  #draining = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#fleet = new Fleet(options);
  }

  load(component: CompiledComponent): void {
    this.#fleet.load(component);
  }

  limit(component: Digest, limits: StepLimits): void {
    this.#limits.set(component, limits);
  }

  open(opening: Opening): void {
    this.close(opening.agent);
    const { agent, component } = opening;
    this.#sessions.set(agent, makeSession(agent, component, opening, this.#isBlocking(component)));
    this.#wake(opening.agent);
  }

  send(agent: AgentId, inputs: Input[]): void {
    // Without a session it has just trapped, and the scheduler is about to learn of it.
    const session = this.#sessions.get(agent);
    if (!session) return;
    session.mailbox.push(...inputs);
    this.#wake(agent);
  }

  has(agent: AgentId): boolean {
    return this.#sessions.has(agent);
  }

  close(agent: AgentId): void {
    const session = this.#sessions.get(agent);
    if (!session) return;
    this.#sessions.delete(agent);
    this.#ready.delete(agent);
    session.closed = true;
    // A guest that runs keeps its instance to the end of its step.
    if (session === this.#active) return;
    this.#vacate(session);
    this.#goOn();
  }

  #isBlocking(component: Digest): boolean {
    return this.#fleet.component(component).world !== null;
  }

  /** Closes all sessions, and takes it that the store has not got what it was given. */
  reset(): void {
    for (const agent of [...this.#sessions.keys()]) this.close(agent);
    this.#stored.clear();
  }

  /** Begins no step any more. Resolves when the one under way has been reported. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#rest;
  }

  #wake(agent: AgentId): void {
    this.#ready.add(agent);
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#running && !this.#draining) this.#rest = this.#run();
  }

  /** Takes all that are ready in turn, and prepares for the next. */
  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      await this.#options.breathe(this.#isInward && this.#ready.size > 0);
      this.#isInward = false;
      const [agent] = this.#ready;
      if (agent === undefined || this.#draining) break;
      this.#ready.delete(agent);
      const session = this.#sessions.get(agent)!;
      this.#component = session.component;
      await this.#turn(session);
    }
    this.#running = false;
    if (this.#component && !this.#draining) this.#fleet.prepare(this.#component);
  }

  /** Brings a session's memory back if need be, and makes one step. */
  async #turn(session: Session): Promise<void> {
    this.#active = session;
    try {
      if (session.source) await this.#recover(session, session.source);
      const inputs = wantedInputs(session.state, takeInputs(session.mailbox));
      if (inputs.length > 0 && !session.closed) await this.#step(session, inputs);
    } catch (error) {
      this.#discard(session);
      if (!session.closed) {
        this.close(session.agent);
        this.#options.listener.failed(session.agent, error);
      }
    } finally {
      this.#active = null;
      if (session.closed) this.#vacate(session);
    }
    if (session.mailbox.length > 0 && !session.closed) this.#ready.add(session.agent);
  }

  async #recover(session: Session, source: Source): Promise<void> {
    session.source = null;
    if ("snapshot" in source && source.snapshot) {
      const { row, pages } = source.snapshot;
      const { state, memory } = splitManifest(row);
      await this.#learnBase(session);
      session.state = state;
      session.image = decodeSnapshot(memory, pages, this.#fleet.base(session.component));
      if (session.isBlocking) startAnew(session, session.image);
      for (const { digest } of pages) this.#stored.add(digest);
    }
    const steps = source.steps.map(({ first, entries: text }) => ({
      first,
      text,
      entries: decodeStep(text, { agent: session.agent, first }),
    }));
    const undone = session.isBlocking ? findUndone(steps.map(({ entries }) => entries)) : [];
    for (const [index, { first, text, entries }] of steps.entries()) {
      if (session.closed) return;
      invariant(
        first === session.state.length,
        `the oplog of ${session.agent} goes on at entry ${session.state.length}, not ${first}`,
      );
      const startedAt = this.#options.clock.now();
      const mismatch =
        changedMemory(entries) && !isWithin(undone, index)
          ? await replayStep(await this.#seat(session), session.state, entries)
          : null;
      if (mismatch) {
        const { agent, component, host } = { agent: session.agent, component: session.component, host: "this" };
        throw mismatchError(mismatch, { agent, component, recorded: { component, host } });
      }
      this.#apply(session, entries, text, startedAt);
    }
    session.mailbox.unshift(...readyInputs(session.state));
  }

  async #step(session: Session, inputs: Input[]): Promise<void> {
    const { clock, random, watch, listener } = this.#options;
    const seat = await this.#seat(session);
    const startedAt = clock.now();
    const at = Math.max(startedAt, session.state.at);
    const { agent, state, component } = session;
    const delivered = inputs.filter(({ kind }) => kind === "delivered").length;
    const limit = new StepLimit(agent, state.inFlight.size - delivered, this.#limits.get(component) ?? unlimited);
    const journal = new Recorder({ at, operations: session.state.operations, random, limit });
    watch?.begin(session.agent);
    let trap: Entry | null = null;
    try {
      await seat.step(session.state, journal, inputs);
      limit.end();
    } catch (error) {
      const memory = this.#fleet.memoryUse(session.component, seat);
      const undone = session.isBlocking ? "invocation" : "step";
      trap = { kind: "trapped", error: trapFailure(error, memory, undone) };
    } finally {
      watch?.end();
    }
    if (trap) this.#discard(session);
    if (session.closed) return;
    // Of a step that is undone, what the guest said is kept: it may tell why.
    const did = trap ? [...journal.entries.filter(({ kind }) => kind === "logged"), trap] : journal.entries;
    const entries: Entry[] = [{ kind: "stepped", at }, ...inputs, ...did];
    const text = encodeStep(entries);
    const stepped: Stepped = {
      agent: session.agent,
      entries: text,
      count: entries.length,
      forks: [],
      closed: trap !== null,
    };
    if (trap) this.close(session.agent);
    else {
      this.#apply(session, entries, text, startedAt);
      if (entries.some(isReadying)) session.mailbox.unshift(...readyInputs(session.state));
      stepped.forks = this.#openForks(session, entries);
      if (seat.trapped) this.#leaveBehind(session);
      else if (isSnapshotDue(session.since) && seat.isAtRest) stepped.snapshot = this.#takeSnapshot(session);
    }
    this.#isInward = entries.every(isInward);
    listener.stepped(stepped);
  }

  #apply(session: Session, entries: readonly Entry[], text: string, startedAt: number): void {
    remember(session, session.state.length, text);
    for (const entry of entries) applyEntry(session.state, entry);
    takeFinished(session.state);
    session.since.steps += 1;
    session.since.size += text.length;
    session.since.spentMs += this.#options.clock.now() - startedAt;
  }

  #openForks(parent: Session, entries: readonly Entry[]): AgentId[] {
    const forks = entries.filter((entry) => entry.kind === "fork-started");
    if (forks.length === 0) return [];
    // A stack can't be copied: a fork in the midst of one gets there by itself.
    const image = parent.isBlocking ? null : captureImage(parent.seat!, this.#fleet.base(parent.component));
    return forks.map(({ operation }) => {
      const agent = forkId(parent.agent, operation);
      const forked: Entry = { kind: "forked", agent, parent: parent.agent, operation };
      this.close(agent);
      this.#sessions.set(agent, image ? makeCopy(parent, agent, image, forked) : makeTwin(parent, agent, forked));
      this.#wake(agent);
      return agent;
    });
  }

  /** The guest has left in the midst of its stack: its memory is what it was before the invocation. */
  #leaveBehind(session: Session): void {
    this.#discard(session);
    retell(session, session.history!);
  }

  #takeSnapshot(session: Session): NonNullable<Stepped["snapshot"]> {
    const base = this.#fleet.base(session.component);
    const { manifest: memory, pages } = encodeSnapshot(this.#putAside(session), base, this.#stored);
    for (const { digest } of pages) this.#stored.add(digest);
    session.since = nothingSince();
    if (session.isBlocking) startAnew(session, session.image);
    return {
      row: { ...joinManifest(session.state, memory), pages: listPages(memory) },
      pages,
      length: session.state.length,
    };
  }

  /** Gives the session an instance that holds its memory. */
  async #seat(session: Session): Promise<Seat> {
    this.#seated.delete(session);
    this.#seated.add(session);
    session.seat ??= await this.#restore(session);
    return session.seat;
  }

  async #restore(session: Session): Promise<Seat> {
    await this.#learnBase(session);
    const seat = await this.#acquire(session, imageSizes(session.image, this.#fleet.base(session.component)));
    this.#fleet.restore(session.component, seat, session.image);
    return seat;
  }

  /** Copies the memory of a session that holds an instance. */
  #putAside(session: Session): Image {
    return (session.image = captureImage(session.seat!, this.#fleet.base(session.component), session.image));
  }

  async #acquire(session: Session, sizesBytes?: readonly number[]): Promise<Seat> {
    const others = [...this.#seated].filter(
      (seated) => seated.seat && seated !== session && seated.component === session.component,
    );
    const short = others.filter(({ history, isBlocking }) => history && !isBlocking);
    if (short.length >= mostShort) this.#unseatOne(short[0]!);
    for (;;) {
      const seat = await this.#fleet.acquire(session.component, sizesBytes);
      if (seat) return seat;
      const oldest = others.find((other) => other.seat?.isAtRest) ?? others.find((other) => other.seat);
      invariant(oldest, "an instance is held by a session");
      this.#unseatOne(oldest);
    }
  }

  /** Takes the instance from a session that has one. */
  #unseatOne(session: Session): void {
    const seat = session.seat!;
    if (isRetold(session)) retell(session, session.history!);
    else {
      this.#putAside(session);
      if (session.isBlocking) startAnew(session, session.image);
    }
    this.#fleet.release(seat);
    this.#unseat(session);
  }

  /** Memory is known by how it differs from that of a fresh guest, so that one must be known first. */
  async #learnBase(session: Session): Promise<void> {
    if (!this.#fleet.hasBase(session.component)) this.#fleet.release(await this.#acquire(session));
  }

  /** Gives the session's instance back. */
  #vacate(session: Session): void {
    if (session.seat) this.#fleet.release(session.seat);
    this.#unseat(session);
  }

  /** Throws the session's instance away: nobody knows what is in it. */
  #discard(session: Session): void {
    if (session.seat) this.#fleet.discard(session.seat);
    this.#unseat(session);
  }

  #unseat(session: Session): void {
    session.seat = null;
    this.#seated.delete(session);
  }
}

/** A fork whose memory is a copy of its parent's. */
function makeCopy(parent: Session, agent: AgentId, image: Image, forked: Entry): Session {
  const state = copyState(parent.state);
  applyEntry(state, forked);
  const start = { state, image };
  const session = makeSession(agent, parent.component, { start, steps: [] }, false);
  return { ...session, mailbox: readyInputs(state), source: null, since: { ...parent.since }, history: null };
}

/** A fork of a guest that blocks: it does what its parent did. */
function makeTwin(parent: Session, agent: AgentId, forked: Entry): Session {
  const steps = [...parent.history!, { first: parent.state.length, entries: encodeStep([forked]) }];
  return makeSession(agent, parent.component, { start: parent.start, steps }, true);
}

/** Whether nobody but the guest itself has to do with it. */
function isInward({ kind }: Entry): boolean {
  return kind === "stepped" || kind === "delivered" || kind === "run-started" || kind === "run-finished";
}

function isReadying({ kind }: Entry): boolean {
  return kind === "run-finished" || kind === "operation-canceled" || kind === "fork-started";
}
