import { invariant } from "../base/error.ts";
import type { MemoryUse } from "../agent/step.ts";
import type { Digest } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { Instance } from "../component/instance.ts";
import { InstancePool } from "../component/pool.ts";
import { Imports } from "../imports/imports.ts";
import { captureBase, type BaseImage } from "../snapshot/image.ts";

/** An instance with the imports that it was made with. */
export interface Seat {
  instance: Instance;
  imports: Imports;
}

/** The components of one thread, each with its base image, and the instances that their agents share. */
export class Fleet {
  readonly #pool: InstancePool;
  readonly #components = new Map<Digest, CompiledComponent>();
  readonly #bases = new Map<Digest, BaseImage>();
  readonly #imports = new WeakMap<Instance, Imports>();

  constructor(options: { instances?: number } = {}) {
    this.#pool = new InstancePool(options.instances === undefined ? {} : { bound: options.instances });
  }

  load(component: CompiledComponent): void {
    this.#components.set(component.digest, component);
  }

  /** An instance in an unknown state of memory that can take one of these sizes, or null if all are taken. */
  async acquire(digest: Digest, sizesBytes?: readonly number[]): Promise<Seat | null> {
    const component = this.#components.get(digest);
    invariant(component, `component ${digest} is not loaded`);
    const made = new Imports();
    const instance = await this.#pool.acquire(component, () => made.functions, sizesBytes);
    if (!instance) return null;
    const imports = this.#imports.get(instance) ?? made;
    this.#imports.set(instance, imports);
    if (!this.#bases.has(digest)) this.#bases.set(digest, captureBase(instance));
    return { instance, imports };
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
  memoryUse(digest: Digest, { instance }: Seat): MemoryUse {
    const component = this.#components.get(digest);
    invariant(component, `component ${digest} is not loaded`);
    const sizesBytes = instance.memories.map(({ buffer }) => buffer.byteLength);
    return { sizeBytes: Math.max(0, ...sizesBytes), capBytes: component.memoryCapBytes };
  }

  release({ instance }: Seat): void {
    this.#pool.release(instance);
  }

  /** For an instance that trapped, or whose memory has grown too large for the next agent. */
  discard({ instance }: Seat): void {
    this.#pool.discard(instance);
  }
}
