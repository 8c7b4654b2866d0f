import { invariant } from "../base/error.ts";
import type { Digest } from "../base/id.ts";

/** What the pool has to know of an instance. */
interface Pooled {
  readonly memories: readonly WebAssembly.Memory[];
  readonly trapped: boolean;
  /** Whether it can be given to somebody else: its stack is empty. */
  readonly isAtRest: boolean;
}

/** The instances of one component. */
interface Shelf<Instance> {
  /** How many there are, those in the making included. */
  count: number;
  idle: Instance[];
}

/**
 * Keeps instances for agents to take turns in, for each memory reserves gigabytes of address space.
 *
 * Units: `bound` counts instances of one component, in use or idle.
 */
export class InstancePool<Instance extends Pooled> {
  readonly #bound: number;
  readonly #shelves = new Map<Digest, Shelf<Instance>>();
  readonly #lent = new Map<Instance, Shelf<Instance>>();

  constructor(options: { bound?: number } = {}) {
    this.#bound = options.bound ?? 32;
  }

  /**
   * An instance whose memory is in no known state, or null if as many as allowed are in use: take one away from
   * somebody and ask again.
   *
   * Shape: `make` makes one, if there is none to use again. `sizesBytes` are the sizes of the memories that will be
   *        restored: an idle instance that has outgrown one is passed over, and makes room for a new one if need be.
   */
  async acquire(
    component: Digest,
    make: () => Promise<Instance>,
    sizesBytes?: readonly number[],
  ): Promise<Instance | null> {
    const idle = this.acquireIdle(component, sizesBytes);
    if (idle) return idle;
    const shelf = this.#shelf(component);
    if (shelf.count >= this.#bound && !this.#makeRoom(shelf)) return null;
    const instance = await this.#make(shelf, make);
    this.#lent.set(instance, shelf);
    return instance;
  }

  /** The same of those that are idle: the one that was given back last, or null. */
  acquireIdle(component: Digest, sizesBytes?: readonly number[]): Instance | null {
    const shelf = this.#shelf(component);
    const fits = ({ memories }: Instance) =>
      memories.every(({ buffer }, index) => buffer.byteLength <= (sizesBytes?.[index] ?? Infinity));
    const index = shelf.idle.findLastIndex(fits);
    if (index === -1) return null;
    const [instance] = shelf.idle.splice(index, 1);
    this.#lent.set(instance!, shelf);
    return instance!;
  }

  /** Gives an instance back for others to use. One that trapped, or is in the midst of something, is thrown away. */
  release(instance: Instance): void {
    const shelf = this.#takeBack(instance);
    if (instance.trapped || !instance.isAtRest) shelf.count--;
    else shelf.idle.push(instance);
  }

  /** Throws an instance away. */
  discard(instance: Instance): void {
    this.#takeBack(instance).count--;
  }

  #shelf(digest: Digest): Shelf<Instance> {
    let shelf = this.#shelves.get(digest);
    if (!shelf) this.#shelves.set(digest, (shelf = { count: 0, idle: [] }));
    return shelf;
  }

  #makeRoom(shelf: Shelf<Instance>): boolean {
    if (!shelf.idle.shift()) return false;
    shelf.count--;
    return true;
  }

  async #make(shelf: Shelf<Instance>, make: () => Promise<Instance>): Promise<Instance> {
    shelf.count++;
    try {
      return await make();
    } catch (error) {
      shelf.count--;
      throw error;
    }
  }

  #takeBack(instance: Instance): Shelf<Instance> {
    const shelf = this.#lent.get(instance);
    invariant(shelf, "an instance is given back once, to the pool that lent it");
    this.#lent.delete(instance);
    return shelf;
  }
}
