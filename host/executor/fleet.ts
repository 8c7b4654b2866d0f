import { invariant } from "../base/error.ts";
import type { MemoryUse } from "../agent/step.ts";
import type { Digest } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { InstancePool } from "../component/pool.ts";
import { captureBase, restoreImage, type BaseImage, type Image } from "../snapshot/image.ts";
import type { HostFiles } from "../wasi/host-files.ts";
import { makeSeat, type Seat } from "./seat.ts";

export interface FleetOptions {
  /** Instances alive at once of each component. */
  instances?: number;
  /** What directories of the machine are read with; without it, they can't be. */
  hostFiles?: HostFiles;
}

/** The components of one thread, each with its base image, and the instances that their agents share. */
export class Fleet {
  readonly #pool: InstancePool<Seat>;
  readonly #components = new Map<Digest, CompiledComponent>();
  readonly #hostFiles: HostFiles | undefined;
  readonly #bases = new Map<Digest, BaseImage>();
  /** Instances whose memory is that of a fresh guest. */
  readonly #fresh = new WeakSet<Seat>();

  constructor({ instances, hostFiles }: FleetOptions = {}) {
    this.#pool = new InstancePool(instances === undefined ? {} : { bound: instances });
    this.#hostFiles = hostFiles;
  }

  load(component: CompiledComponent): void {
    this.#components.set(component.digest, component);
  }

  component(digest: Digest): CompiledComponent {
    const component = this.#components.get(digest);
    invariant(component, `component ${digest} is not loaded`);
    return component;
  }

  /** An instance in an unknown state of memory that can take one of these sizes, or null if all are taken. */
  async acquire(digest: Digest, sizesBytes?: readonly number[]): Promise<Seat | null> {
    const component = this.component(digest);
    const seat = await this.#pool.acquire(digest, () => makeSeat(component, this.#hostFiles), sizesBytes);
    if (seat && !this.#bases.has(digest)) this.#bases.set(digest, captureBase(seat));
    return seat;
  }

  hasBase(digest: Digest): boolean {
    return this.#bases.has(digest);
  }

  /** The memory of a fresh guest; known from the first instance on. */
  base(digest: Digest): BaseImage {
    const base = this.#bases.get(digest);
    invariant(base, `component ${digest} has had no instance yet`);
    return base;
  }

  /** The largest memory of an instance. */
  memoryUse(digest: Digest, { memories }: Seat): MemoryUse {
    const sizesBytes = memories.map(({ buffer }) => buffer.byteLength);
    return { sizeBytes: Math.max(0, ...sizesBytes), capBytes: this.component(digest).memoryCapBytes };
  }

  /** Brings the memory of an image to a seat; null: that of a fresh guest. */
  restore(digest: Digest, seat: Seat, image: Image | null): void {
    restoreImage(seat, this.base(digest), image, { isFresh: this.#fresh.delete(seat) });
  }

  /** Makes the idle instance that is taken next one of a fresh guest, while there is time: whoever takes it need not wait for that. */
  prepare(digest: Digest): void {
    // One that blocks may have half a gigabyte.
    if (this.component(digest).world !== null || !this.hasBase(digest)) return;
    const seat = this.#pool.acquireIdle(digest, this.base(digest).sizesBytes);
    if (!seat) return;
    if (!this.#fresh.has(seat)) this.restore(digest, seat, null);
    this.#fresh.add(seat);
    this.#pool.release(seat);
  }

  release(seat: Seat): void {
    this.#pool.release(seat);
  }

  /** For an instance that trapped, or whose memory has grown too large for the next agent. */
  discard(seat: Seat): void {
    this.#pool.discard(seat);
  }
}
