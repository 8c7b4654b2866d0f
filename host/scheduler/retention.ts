import { HostError } from "../base/error.ts";
import type { AgentId, NodeId } from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import { invocationSource, type Store } from "../store/store.ts";
import type { Deletions } from "./deletion.ts";
import type { Writer } from "./writer.ts";

export interface RetentionOptions {
  store: Store;
  writer: Writer;
  deletions: Deletions;
  clock: Clock;
  random: Random;
  node: NodeId;
  /** How long what is over is kept; null: for ever. */
  retentionMs: number | null;
  /** Takes a turn once everything written so far is durable. */
  later: (work: () => Promise<void>) => void;
}

/** How many agents one turn deletes: others are not to wait for all of them. */
export const batchSize = 100;

/** How many snapshots and agents come and go before a look at all that there is is worth it, at the least. */
const leastGarbage = 64;
/** How many rows may be looked at for each of them: microseconds, where a snapshot takes a hundred times as many. */
const looksPerGarbage = 16;

/**
 * Sees to it that a store does not grow for ever: what is over goes some time after it ended.
 *
 * When that is stands in the store's rows, so that it matters neither who looks nor when.
 */
export class Retention {
  readonly #options: RetentionOptions;
  /** What has come and gone up to the last collection. */
  #collected = 0;
  /** For how much garbage the next one is worth its while. */
  #worthwhile = leastGarbage;
  #isSweeping = false;

  /** Errors: HostError `host/bad-option`. */
  constructor(options: RetentionOptions) {
    const { retentionMs } = options;
    if (retentionMs !== null && !(Number.isFinite(retentionMs) && retentionMs >= 0))
      throw new HostError(
        "host/bad-option",
        `retentionMs must be a number of milliseconds from 0 on, or null to keep everything; it is ${retentionMs}.`,
      );
    this.#options = options;
  }

  /** To be called now and then; the work is done in turns of its own. */
  look(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#options.later(() => this.#sweep());
  }

  /** What was under way is undone. */
  reset(): void {
    this.#isSweeping = false;
  }

  async #sweep(): Promise<void> {
    const { store, writer, deletions, node, later } = this.#options;
    const before = this.#before();
    if (before !== null) {
      writer.seal();
      const count = await deletions.deleteEnded(await store.expired(node, before, batchSize));
      if (count > 0) return later(() => this.#sweep());
    }
    this.#isSweeping = false;
    if (this.#garbage >= this.#worthwhile) await this.#collect();
  }

  /**
   * The node leaves. Of many that live for one call each, none makes enough garbage to be worth it: so it is left to
   * chance who collects that of all of them.
   */
  async leave(): Promise<void> {
    const [draw = 0] = this.#options.random.bytes(1);
    if (draw / 256 < this.#garbage / this.#worthwhile) await this.#collect();
  }

  /** How many snapshots and agents have come and gone here since the last collection. */
  get #garbage(): number {
    return this.#options.writer.snapshots + this.#options.deletions.count - this.#collected;
  }

  /** Throws away what nobody needs any more beside agents: that takes a look at all that there is. */
  async #collect(): Promise<void> {
    this.#collected += this.#garbage;
    // If anything is wrong with the store, those who need it will hear.
    const { kept } = await this.#options.store.collect(this.#before()).catch(() => ({ kept: 0 }));
    this.#worthwhile = Math.max(leastGarbage, kept / looksPerGarbage);
  }

  #before(): number | null {
    const { clock, retentionMs } = this.#options;
    return retentionMs === null ? null : clock.now() - retentionMs;
  }
}

/** The agents that have ended and for whose outcome no operation in flight waits, whoever owns them and however long ago. */
export async function readEnded(store: Store): Promise<Set<AgentId>> {
  const ended = new Set((await store.agents({ state: "ended" })).map(({ id }) => id));
  for (const id of ended) if (await isAwaited(store, id)) ended.delete(id);
  return ended;
}

async function isAwaited(store: Store, id: AgentId): Promise<boolean> {
  for (const { key } of await store.invocations(id))
    if ((await store.waiters(invocationSource(id, key))).length > 0) return true;
  return false;
}
