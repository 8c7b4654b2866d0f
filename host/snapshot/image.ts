import { hash } from "node:crypto";
import { HostError, invariant } from "../base/error.ts";

/** All state of a guest at rest; whoever writes to both parts makes it another guest of the same component. */
export interface GuestState {
  readonly memories: readonly WebAssembly.Memory[];
  readonly globals: readonly WebAssembly.Global[];
  /** What the host holds for it: in an image, one memory more behind the others. */
  readonly host?: { save(): Uint8Array; load(saved: Uint8Array): void };
}

export const pageSizeBytes = 4_096;

/** What is compared first: most of a memory is equal to the base, and a few large comparisons are cheaper. */
const chunkSizeBytes = 65_536;

const zeroChunk = Buffer.alloc(chunkSizeBytes);

/**
 * The state of a fresh instance, the same for every instance of a component.
 *
 * A memory is kept without the zeros at its end, which may be most of half a gigabyte.
 */
export class BaseImage {
  readonly memories: readonly Buffer[];
  readonly sizesBytes: readonly number[];
  readonly globals: readonly (number | bigint)[];
  /** Where the zeros end that a memory begins with: those of QuickJS are its stack, 1 MB of 2.4 MB. */
  readonly starts: readonly number[];
  readonly #pageDigests: (Buffer | undefined)[] = [];

  constructor(memories: readonly Buffer[], globals: readonly (number | bigint)[]) {
    this.memories = memories.map((memory) => Buffer.from(memory.subarray(0, endOfContent(memory))));
    this.sizesBytes = memories.map(({ length }) => length);
    this.globals = globals;
    this.starts = this.memories.map(startOfContent);
  }

  /** The SHA-256 of each page of a memory, 32 bytes each, one after the other; computed when first asked for. */
  pageDigests(memory: number): Buffer {
    return (this.#pageDigests[memory] ??= digestPages(this.memories[memory]!));
  }
}

/**
 * The state of a guest as it differs from the base image.
 *
 * Shape: `pages` maps page index to bytes, which never change; a page that is absent equals the base's, or is zero
 *        beyond the base's end.
 * Units: pages are 4,096 bytes and count from 0; sizes are multiples of 65,536 bytes.
 */
export interface Image {
  memories: { sizeBytes: number; pages: Map<number, Uint8Array> }[];
  globals: (number | bigint)[];
}

/** Copies the whole state of a guest that has just been instantiated. */
export function captureBase(guest: GuestState): BaseImage {
  return new BaseImage(readMemories(guest), readGlobals(guest));
}

/**
 * Copies the pages of an idle guest that differ from the base; the guest may run on.
 *
 * Shape: pages that are equal to those of `before`, an older image of the same agent, are these very arrays.
 */
export function captureImage(guest: GuestState, base: BaseImage, before: Image | null = null): Image {
  return {
    memories: readMemories(guest).map((memory, index) => {
      const changed = changedPages(memory, base.memories[index]!);
      const known = before?.memories[index]!.pages;
      return {
        sizeBytes: memory.length,
        pages: known ? updatePages(memory, changed, known) : copyPages(memory, changed),
      };
    }),
    globals: readGlobals(guest),
  };
}

/**
 * Makes a guest, whatever it was, the one of an image; `null` is the base itself. A memory that is too small grows.
 * `isFresh`: it is that of the base already.
 *
 * Errors: HostError `snapshot/instance-too-large` if a memory is larger than the image's: it can't shrink, and the guest
 *         sees its size. Nothing is changed then. `snapshot/memory-cap` if the image's is larger than this guest's may be.
 */
export function restoreImage(guest: GuestState, base: BaseImage, image: Image | null, { isFresh = false } = {}): void {
  invariant(
    guest.memories.length + (guest.host ? 1 : 0) === base.memories.length,
    "an image is restored into an instance of its own component",
  );
  const sizes = base.sizesBytes.map((sizeBytes, index) => image?.memories[index]!.sizeBytes ?? sizeBytes);
  guest.memories.forEach(({ buffer }, index) => refuseLarger(index, buffer.byteLength, sizes[index]!));
  guest.memories.forEach((each, index) => {
    const missingBytes = sizes[index]! - each.buffer.byteLength;
    if (missingBytes > 0) grow(each, missingBytes, sizes[index]!);
    const memory = Buffer.from(each.buffer);
    if (!isFresh) restoreBase(memory, missingBytes, base, index);
    for (const [page, bytes] of image?.memories[index]!.pages ?? []) memory.set(bytes, page * pageSizeBytes);
  });
  guest.host?.load(readHostMemory(base, image));
  const globals = image?.globals ?? base.globals;
  guest.globals.forEach((each, index) => (each.value = globals[index]!));
}

/** Makes a memory that of a fresh guest; `missingBytes` at its end are new. */
function restoreBase(memory: Buffer, missingBytes: number, base: BaseImage, index: number): void {
  const fresh = base.memories[index]!;
  const start = base.starts[index]!;
  // Zeros are written three times as fast as others are copied.
  memory.fill(0, 0, start);
  memory.set(fresh.subarray(start), start);
  clear(memory.subarray(fresh.length, memory.length - missingBytes));
}

/** How large the memories are that hold an image. */
export function imageSizes(image: Image | null, base: BaseImage): number[] {
  return image?.memories.map(({ sizeBytes }) => sizeBytes) ?? [...base.sizesBytes];
}

/** The memories of a guest, and behind them what the host holds for it, in the form of one. */
export function readMemories({ memories, host }: GuestState): Buffer[] {
  const buffers = memories.map(({ buffer }) => Buffer.from(buffer));
  return host ? [...buffers, toHostMemory(host.save())] : buffers;
}

/** The length comes first, for a memory is filled up with zeros. */
function toHostMemory(saved: Uint8Array): Buffer {
  const memory = Buffer.alloc(Math.ceil((4 + saved.length) / chunkSizeBytes) * chunkSizeBytes);
  memory.writeUInt32LE(saved.length);
  memory.set(saved, 4);
  return memory;
}

function readHostMemory(base: BaseImage, image: Image | null): Buffer {
  const fresh = base.memories.at(-1)!;
  const { sizeBytes, pages } = image?.memories.at(-1) ?? { sizeBytes: base.sizesBytes.at(-1)!, pages: [] };
  const memory = Buffer.alloc(sizeBytes);
  memory.set(fresh.subarray(0, sizeBytes));
  for (const [page, bytes] of pages) memory.set(bytes, page * pageSizeBytes);
  return memory.subarray(4, 4 + memory.readUInt32LE());
}

/** Where a memory's zeros end that it begins with, in whole pages. */
function startOfContent(memory: Buffer): number {
  let start = 0;
  while (start < memory.length && !differs(memory, start, zeroChunk, 0, pageSizeBytes)) start += pageSizeBytes;
  return start;
}

/** Where a memory's zeros begin that go on to its end, in whole chunks. */
function endOfContent(memory: Buffer): number {
  let end = memory.length;
  while (end > 0 && !differs(memory, end - chunkSizeBytes, zeroChunk, 0, chunkSizeBytes)) end -= chunkSizeBytes;
  return end;
}

/** Writing zeros over zeros would have the machine find room for a memory that was never touched. */
function clear(memory: Buffer): void {
  for (let at = 0; at < memory.length; at += chunkSizeBytes) {
    if (differs(memory, at, zeroChunk, 0, chunkSizeBytes)) memory.fill(0, at, at + chunkSizeBytes);
  }
}

function grow(memory: WebAssembly.Memory, missingBytes: number, needsBytes: number): void {
  try {
    memory.grow(missingBytes / chunkSizeBytes);
  } catch (cause) {
    throw new HostError(
      "snapshot/memory-cap",
      `The snapshot has a memory of ${needsBytes} bytes, more than a guest may have here. Raise the memory cap.`,
      { data: { needsBytes }, cause },
    );
  }
}

function refuseLarger(memory: number, hasBytes: number, needsBytes: number): void {
  if (hasBytes <= needsBytes) return;
  throw new HostError(
    "snapshot/instance-too-large",
    `Memory ${memory} of the instance has ${hasBytes} bytes, and the image ${needsBytes}: memory can't shrink. Take another instance.`,
    { data: { memory, hasBytes, needsBytes } },
  );
}

/** Indices of the pages that differ from the base, in order. */
export function changedPages(memory: Buffer, base: Buffer): number[] {
  const changed: number[] = [];
  for (let at = 0; at < memory.length; at += chunkSizeBytes) {
    const [other, offset] = at < base.length ? [base, at] : [zeroChunk, 0];
    if (differs(memory, at, other, offset, chunkSizeBytes)) {
      for (let page = 0; page < chunkSizeBytes; page += pageSizeBytes) {
        if (differs(memory, at + page, other, offset + page, pageSizeBytes)) changed.push((at + page) / pageSizeBytes);
      }
    }
  }
  return changed;
}

function differs(left: Buffer, leftAt: number, right: Buffer, rightAt: number, sizeBytes: number): boolean {
  return left.compare(right, rightAt, rightAt + sizeBytes, leftAt, leftAt + sizeBytes) !== 0;
}

/** All pages are parts of one buffer: allocating is most of the cost. */
function copyPages(memory: Buffer, indices: readonly number[]): Map<number, Uint8Array> {
  const copies = Buffer.allocUnsafeSlow(indices.length * pageSizeBytes);
  return new Map(
    indices.map((page, at) => {
      memory.copy(copies, at * pageSizeBytes, page * pageSizeBytes, (page + 1) * pageSizeBytes);
      return [page, copies.subarray(at * pageSizeBytes, (at + 1) * pageSizeBytes)];
    }),
  );
}

/** Each page has a buffer of its own, since a part of one would keep all of it, as long as the page stays as it is. */
function updatePages(
  memory: Buffer,
  indices: readonly number[],
  known: ReadonlyMap<number, Uint8Array>,
): Map<number, Uint8Array> {
  return new Map(
    indices.map((page) => {
      const at = page * pageSizeBytes;
      const former = known.get(page);
      if (former && memory.compare(former, 0, pageSizeBytes, at, at + pageSizeBytes) === 0) return [page, former];
      const copy = Buffer.allocUnsafeSlow(pageSizeBytes);
      memory.copy(copy, 0, at, at + pageSizeBytes);
      return [page, copy];
    }),
  );
}

function readGlobals(guest: GuestState): (number | bigint)[] {
  return guest.globals.map(({ value }) => value);
}

function digestPages(memory: Buffer): Buffer {
  const digests = Buffer.alloc((memory.length / pageSizeBytes) * 32);
  for (let page = 0; page * pageSizeBytes < memory.length; page++) {
    digestPage(memory.subarray(page * pageSizeBytes, (page + 1) * pageSizeBytes)).copy(digests, page * 32);
  }
  return digests;
}

export function digestPage(page: Uint8Array): Buffer {
  return hash("sha256", page, "buffer");
}
