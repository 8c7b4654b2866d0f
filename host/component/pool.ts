import { invariant } from "../base/error.ts";
import type { Digest } from "../base/id.ts";
import type { CompiledComponent } from "./compile.ts";
import type { GuestImports } from "./guest-imports.ts";
import { instantiate, type Instance } from "./instance.ts";

/** The instances of one component. */
interface Shelf {
  /** How many there are, those in the making included. */
  count: number;
  idle: Instance[];
}

/**
 * Keeps instances for agents to take turns in, for each memory reserves gigabytes of address space.
 *
 * Units: `bound` counts instances of one component, in use or idle.
 */
export class InstancePool {
  readonly #bound: number;
  readonly #shelves = new Map<Digest, Shelf>();
  readonly #lent = new Map<Instance, Shelf>();

  constructor(options: { bound?: number } = {}) {
    this.#bound = options.bound ?? 32;
  }

  /**
   * An instance whose memory is in no known state, or null if as many as allowed are in use: take one away from
   * somebody and ask again.
   *
   * Shape: `makeImports` is called only if an instance is made; one that is used again keeps its imports. `sizesBytes`
   *        are the sizes of the memories that will be restored: an idle instance that has outgrown one is passed over,
   *        and makes room for a new one if need be.
   */
  async acquire(
    compiled: CompiledComponent,
    makeImports: () => GuestImports,
    sizesBytes?: readonly number[],
  ): Promise<Instance | null> {
    const shelf = this.#shelf(compiled.digest);
    const fits = ({ memories }: Instance) =>
      memories.every(({ buffer }, index) => buffer.byteLength <= (sizesBytes?.[index] ?? Infinity));
    const index = shelf.idle.findLastIndex(fits);
    if (index === -1 && shelf.count >= this.#bound && !this.#makeRoom(shelf)) return null;
    const instance = index === -1 ? await this.#make(shelf, compiled, makeImports) : shelf.idle.splice(index, 1)[0]!;
    this.#lent.set(instance, shelf);
    return instance;
  }

  /** Gives an instance back for others to use. One that trapped is thrown away. */
  release(instance: Instance): void {
    const shelf = this.#takeBack(instance);
    if (instance.trapped) shelf.count--;
    else shelf.idle.push(instance);
  }

  /** Throws an instance away. */
  discard(instance: Instance): void {
    this.#takeBack(instance).count--;
  }

  #shelf(digest: Digest): Shelf {
    let shelf = this.#shelves.get(digest);
    if (!shelf) this.#shelves.set(digest, (shelf = { count: 0, idle: [] }));
    return shelf;
  }

  #makeRoom(shelf: Shelf): boolean {
    if (!shelf.idle.shift()) return false;
    shelf.count--;
    return true;
  }

  async #make(shelf: Shelf, compiled: CompiledComponent, makeImports: () => GuestImports): Promise<Instance> {
    shelf.count++;
    try {
      return await instantiate(compiled, makeImports());
    } catch (error) {
      shelf.count--;
      throw error;
    }
  }

  #takeBack(instance: Instance): Shelf {
    const shelf = this.#lent.get(instance);
    invariant(shelf, "an instance is given back once, to the pool that lent it");
    this.#lent.delete(instance);
    return shelf;
  }
}
