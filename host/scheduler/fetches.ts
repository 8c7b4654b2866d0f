import type { Operation } from "../agent/state.ts";
import { isHostError, type HostError } from "../base/error.ts";
import type { AgentId, Digest } from "../base/id.ts";
import type { Clock, Http, Random } from "../base/port.ts";
import { exchange, type Limits } from "../http/exchange.ts";
import { idempotencyKey } from "../http/idempotency.ts";
import type { FetchStart } from "../http/request.ts";
import { answerOutcome, isTrouble, retryAfterMs, type Answer } from "../http/response.ts";
import type { Outcome } from "../oplog/entry.ts";
import { fetchSource, type Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Components } from "./components.ts";
import type { Live } from "./live.ts";
import { drawChance, shouldRetry, waitMs } from "./retry.ts";
import type { Waits } from "./waits.ts";

export interface FetchesOptions {
  agents: Agents;
  components: Components;
  waits: Waits;
  store: Store;
  http: Http;
  clock: Clock;
  random: Random;
  /** Requests that are under way at once; others wait for their turn. */
  limit: number;
  wakeBy: (at: number) => void;
  /** Takes a turn. */
  background: (work: () => Promise<void>) => void;
  /** Takes a turn once everything written so far is durable. */
  later: (work: () => Promise<void>) => void;
}

/** A fetch that agents of this node wait for: the one that started it, and forks that it had since. */
interface Fetch {
  agent: AgentId;
  component: Digest;
  start: FetchStart;
  key: string;
  attempt: number;
  /** When it is sent again; null: it is under way. */
  dueAt: number | null;
  abort: AbortController;
  /** Known, and not yet taken by everyone who waits. */
  outcome: Outcome | null;
}

/** Failures that another attempt may be spared; any other one would come again. */
const transient = new Set(["http/failed", "http/timed-out"]);

/** Requests to the world outside: each is sent once at a time, and sent again after a crash under the same key. */
export class Fetches {
  readonly #options: FetchesOptions;
  /** By source. */
  readonly #fetches = new Map<string, Fetch>();
  /** Those that wait until fewer are under way. */
  #queue: (() => Promise<void>)[] = [];
  #sending = 0;

  constructor(options: FetchesOptions) {
    this.#options = options;
  }

  /** The agents that started what is under way. */
  *agents(): Iterable<AgentId> {
    for (const { agent, dueAt, outcome } of this.#fetches.values()) if (dueAt === null && !outcome) yield agent;
  }

  /** Sees to it that an operation's request is sent, and that its outcome comes: live, after a restart, and for a fork. */
  async start(live: Live, { by, start }: Operation & { start: FetchStart }): Promise<void> {
    const { agents, waits, clock, wakeBy, later } = this.#options;
    const { operation } = start;
    const source = fetchSource(by, operation);
    const known = this.#fetches.get(source);
    waits.add(live, operation, { source, dueAt: known?.dueAt ?? null, attempt: known?.attempt ?? 1 });
    if (known?.outcome) return agents.send(live, { kind: "delivered", operation, outcome: known.outcome });
    if (known?.dueAt === null) return;
    const { attempt, dueAt } = live.waiting.get(operation)!;
    const fetch = known ?? {
      agent: live.row.id,
      component: live.row.component,
      start,
      key: idempotencyKey(by, operation),
      attempt,
      dueAt,
      abort: new AbortController(),
      outcome: null,
    };
    this.#fetches.set(source, fetch);
    if (fetch.dueAt !== null && fetch.dueAt > clock.now()) return wakeBy(fetch.dueAt);
    fetch.dueAt = null;
    // Nobody outside may learn of what a crash could still undo.
    later(() => this.#begin(source, fetch));
  }

  /** An agent has come to hand: what it waits for may be unknown to this process. */
  loaded(live: Live): void {
    const { agents, background } = this.#options;
    const waiting = [...live.state.inFlight.values()].filter(({ start }) => live.waiting.has(start.operation));
    for (const operation of waiting) {
      const { start, outcome } = operation;
      if (start.kind === "fetch-started" && !outcome)
        background(async () => {
          if (agents.isCurrent(live) && live.waiting.has(start.operation))
            await this.start(live, { ...operation, start });
        });
    }
  }

  async #begin(source: string, fetch: Fetch): Promise<void> {
    if (this.#fetches.get(source) !== fetch) return;
    const { components, waits } = this.#options;
    // It is due no longer.
    if (fetch.attempt > 1) await waits.again(source, fetch.attempt, null);
    const limits = await components.settingsOf(fetch.component);
    this.#queue.push(() => this.#send(source, fetch, limits));
    this.#sendNext();
  }

  #sendNext(): void {
    while (this.#sending < this.#options.limit) {
      const send = this.#queue.shift();
      if (!send) return;
      this.#sending += 1;
      void send().finally(() => {
        this.#sending -= 1;
        this.#sendNext();
      });
    }
  }

  async #send(source: string, fetch: Fetch, limits: Limits): Promise<void> {
    const { http, clock, background } = this.#options;
    const { start, key, abort } = fetch;
    const exchanged = exchange(start, { http, clock, limits, key, signal: abort.signal });
    const end = await exchanged.catch((error: unknown) => (isHostError(error) ? error : { defect: error }));
    background(async () => {
      if (this.#fetches.get(source) !== fetch) return;
      if ("defect" in end) throw end.defect;
      await this.#ended(source, fetch, end);
    });
  }

  async #ended(source: string, fetch: Fetch, end: Answer | HostError): Promise<void> {
    const { waits, clock, wakeBy } = this.#options;
    const pauseMs = this.#pauseMs(fetch, end);
    if (pauseMs === null) {
      fetch.outcome = outcomeOf(end);
      return waits.settle(source, fetch.outcome);
    }
    fetch.attempt += 1;
    fetch.dueAt = clock.now() + pauseMs;
    await waits.again(source, fetch.attempt, fetch.dueAt);
    wakeBy(fetch.dueAt);
  }

  /** How long to wait before the next attempt; null if there is to be none. */
  #pauseMs({ start: { retry }, attempt }: Fetch, end: Answer | HostError): number | null {
    const { clock, random } = this.#options;
    const error = troubleOf(end);
    if (!retry || error === null || !shouldRetry(retry, attempt, error)) return null;
    const asked = isHostError(end) ? 0 : retryAfterMs(end, clock.now());
    return Math.max(waitMs(retry, attempt, drawChance(random)), Math.min(asked, retry.mostMs));
  }

  /** An agent waits for a source no more. If nobody does, and a crash can't undo that, it is over. */
  left(source: string, live: Live): void {
    const { waits, later } = this.#options;
    const fetch = this.#fetches.get(source);
    if (!fetch) return;
    later(async () => {
      if (this.#fetches.get(source) !== fetch || (await waits.hasOthers(source, live))) return;
      this.#fetches.delete(source);
      fetch.abort.abort();
    });
  }

  /** Aborts everything. Returns the sources, for `resume`. */
  stop(): string[] {
    const sources = [...this.#fetches.keys()];
    for (const { abort } of this.#fetches.values()) abort.abort();
    this.#fetches.clear();
    this.#queue = [];
    return sources;
  }

  /** Goes on with those that agents of this node wait for by the store's word. */
  async resume(sources: readonly string[]): Promise<void> {
    const { agents, store } = this.#options;
    for (const source of sources) for (const { agent } of await store.waiters(source)) await agents.local(agent);
  }
}

function outcomeOf(end: Answer | HostError): Outcome {
  return isHostError(end) ? { error: failureOf(end) } : answerOutcome(end);
}

function failureOf({ code, message, data }: HostError): string {
  const name = code === "http/timed-out" ? "TimeoutError" : "PlanariaError";
  return JSON.stringify({ name, code, message, ...(Object.keys(data).length > 0 && { data }) });
}

/** What a policy of retries looks at: a failure, or a response that stands for one. */
function troubleOf(end: Answer | HostError): string | null {
  if (isHostError(end)) return transient.has(end.code) ? failureOf(end) : null;
  return isTrouble(end) ? JSON.stringify({ name: "HttpError", code: "http/status" }) : null;
}
