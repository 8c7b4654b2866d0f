import { hash } from "node:crypto";
import {
  changedPages,
  digestPage,
  pageSizeBytes,
  readMemories,
  type BaseImage,
  type GuestState,
  type Image,
} from "./image.ts";

/**
 * The SHA-256 root of a guest's whole state: its globals, and the size and page digests of each memory.
 *
 * Equal states have equal digests whatever way led to them. It costs little more than the comparison with the base, of
 * which the page digests are kept.
 */
export function memoryDigest(guest: GuestState, base: BaseImage): string {
  const memories = readMemories(guest).map((memory, index) => {
    const digests = changedPages(memory, base.memories[index]!).map((page): [number, Buffer] => {
      const at = page * pageSizeBytes;
      return [page, digestPage(memory.subarray(at, at + pageSizeBytes))];
    });
    return { sizeBytes: memory.length, digests };
  });
  return digestState(
    memories,
    guest.globals.map(({ value }) => value),
    base,
  ).toString("hex");
}

/** The same of a state that is held as an image. */
export function imageDigest(image: Image, base: BaseImage): Buffer {
  const memories = image.memories.map(({ sizeBytes, pages }) => ({ sizeBytes, digests: digestKept(pages) }));
  return digestState(memories, image.globals, base);
}

/** The same of a fresh guest. */
export function baseDigest(base: BaseImage): Buffer {
  return digestState(
    base.sizesBytes.map((sizeBytes) => ({ sizeBytes, digests: [] })),
    base.globals,
    base,
  );
}

/** Digests of pages that images hold: an agent's images have most of their pages in common. */
const kept = new WeakMap<Uint8Array, Buffer>();

function* digestKept(pages: ReadonlyMap<number, Uint8Array>): Iterable<[number, Buffer]> {
  for (const [page, bytes] of pages) {
    let digest = kept.get(bytes);
    if (!digest) kept.set(bytes, (digest = digestPage(bytes)));
    yield [page, digest];
  }
}

interface Memory {
  sizeBytes: number;
  /** Of the pages that differ from the base. */
  digests: Iterable<[number, Buffer]>;
}

function digestState(memories: readonly Memory[], globals: readonly (number | bigint)[], base: BaseImage): Buffer {
  const parts = memories.map(({ sizeBytes, digests }, index) => {
    const count = sizeBytes / pageSizeBytes;
    const part = Buffer.alloc(4 + count * 32);
    part.writeUInt32LE(count);
    const known = base.pageDigests(index);
    known.copy(part, 4);
    // What the host holds may be less than in the beginning.
    if (part.length > 4 + known.length) part.fill(zeroPageDigest, 4 + known.length);
    for (const [page, digest] of digests) digest.copy(part, 4 + page * 32);
    return part;
  });
  return hash("sha256", Buffer.concat([encodeGlobals(globals), ...parts]), "buffer");
}

const zeroPageDigest = digestPage(Buffer.alloc(pageSizeBytes));

/** Bytes of one global as `encodeGlobals` writes it. */
export const globalSizeBytes = 9;

/** A count, then for each global a byte that says whether it is a bigint, and eight bytes. */
export function encodeGlobals(globals: readonly (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(4 + globals.length * globalSizeBytes);
  bytes.writeUInt32LE(globals.length);
  globals.forEach((value, index) => {
    const at = 4 + index * globalSizeBytes;
    if (typeof value === "bigint") {
      bytes.writeUInt8(1, at);
      bytes.writeBigInt64LE(BigInt.asIntN(64, value), at + 1);
    } else bytes.writeDoubleLE(value, at + 1);
  });
  return bytes;
}
