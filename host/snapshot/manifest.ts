import { compress, decompress } from "../base/compression.ts";
import { HostError } from "../base/error.ts";
import { digestPage, pageSizeBytes, type BaseImage, type Image } from "./image.ts";
import { baseDigest, encodeGlobals, globalSizeBytes, imageDigest } from "./memory-digest.ts";

/**
 * A page as it is stored: the difference to the base (exclusive or), compressed, under the SHA-256 of the difference.
 *
 * A QuickJS guest's changed pages take a third of what they would take without the base (12 kB instead of 37 kB for 35
 * pages), and agents of one component that share a page share its difference.
 */
export interface StoredPage {
  /** Hexadecimal. */
  digest: string;
  data: Uint8Array;
}

export interface EncodedSnapshot {
  /** The `memoryDigest` of the state. */
  id: string;
  manifest: Uint8Array;
  /** Pages that are not known to be stored, each once. */
  pages: StoredPage[];
}

/** The format that this host writes. A reader refuses any other by its number. */
const manifestVersion = 1;

const magic = Buffer.from("PMEM");
const digestSizeBytes = 32;
/** A memory has at most 4 GiB. */
const mostPages = 2 ** 32 / pageSizeBytes;

/**
 * Turns an image into what a store keeps.
 *
 * Shape: the manifest is `PMEM`, version, digest of the base, digest of the state, globals, and for each memory its number
 *        of pages and the index and digest of each page that differs; numbers are 32-bit, little endian. `stored` holds
 *        digests of pages that need not be written again.
 */
export function encodeSnapshot(
  image: Image,
  base: BaseImage,
  stored: ReadonlySet<string> = new Set(),
): EncodedSnapshot {
  const root = imageDigest(image, base);
  const parts: Buffer[] = [
    magic,
    u32(manifestVersion),
    baseDigest(base),
    root,
    encodeGlobals(image.globals),
    u32(image.memories.length),
  ];
  const pages = new Map<string, StoredPage>();
  image.memories.forEach(({ sizeBytes, pages: changed }, memory) => {
    parts.push(u32(sizeBytes / pageSizeBytes), u32(changed.size));
    for (const [page, bytes] of changed) {
      const known = differences.get(bytes);
      const isStored = known !== undefined && (stored.has(known.name) || pages.has(known.name));
      const difference = isStored ? null : differ(bytes, base.memories[memory]!, page);
      const { digest, name } = known ?? nameDifference(bytes, difference!);
      parts.push(u32(page), digest);
      if (difference && !stored.has(name) && !pages.has(name))
        pages.set(name, { digest: name, data: compress(difference) });
    }
  });
  return { id: root.toString("hex"), manifest: Buffer.concat(parts), pages: [...pages.values()] };
}

/** Digests of the differences of pages that images hold: each image holds pages of one component, each in one place. */
const differences = new WeakMap<Uint8Array, { digest: Buffer; name: string }>();

function nameDifference(bytes: Uint8Array, difference: Uint8Array): { digest: Buffer; name: string } {
  const digest = digestPage(difference);
  const named = { digest, name: digest.toString("hex") };
  differences.set(bytes, named);
  return named;
}

/** Digests of the pages that `decodeSnapshot` needs, each once. */
export function listPages(manifest: Uint8Array): string[] {
  const { memories } = parseManifest(manifest);
  return [...new Set(memories.flatMap(({ pages }) => [...pages.values()]))];
}

/**
 * Brings an image back; the order of `pages` does not matter, and more than needed do no harm.
 *
 * Errors: HostError `snapshot/version`; `snapshot/other-base` if the snapshot is of another component, or was taken under
 *         another memory cap; `snapshot/corrupt`, which says what is damaged or missing.
 */
export function decodeSnapshot(manifest: Uint8Array, pages: readonly StoredPage[], base: BaseImage): Image {
  const parsed = parseManifest(manifest);
  if (!parsed.base.equals(baseDigest(base))) {
    throw new HostError(
      "snapshot/other-base",
      "The snapshot was taken of another component than the one it is to be restored into. Run the agent with the component that it was created with.",
      { data: { recorded: parsed.base.toString("hex"), attempted: baseDigest(base).toString("hex") } },
    );
  }
  if (parsed.memories.length !== base.memories.length)
    throw corrupt(`its manifest has ${parsed.memories.length} memories, the guest ${base.memories.length}`);
  const data = new Map(pages.map((page) => [page.digest, page.data]));
  const memories = parsed.memories.map(({ sizeBytes, pages: digests }, memory) => ({
    sizeBytes,
    pages: new Map(
      [...digests].map(([page, digest]) => [
        page,
        differ(readPage(digest, data, memory, page), base.memories[memory]!, page),
      ]),
    ),
  }));
  const image = { memories, globals: parsed.globals };
  if (!imageDigest(image, base).equals(parsed.root))
    throw corrupt("its pages are sound, but together they do not give its digest");
  return image;
}

function readPage(digest: string, data: ReadonlyMap<string, Uint8Array>, memory: number, page: number): Uint8Array {
  const compressed = data.get(digest);
  const where = `page ${page} of memory ${memory} (${digest.slice(0, 8)})`;
  if (!compressed) throw corrupt(`${where} is missing`, { memory, page, digest });
  let bytes: Buffer;
  try {
    bytes = decompress(compressed, pageSizeBytes);
  } catch (cause) {
    throw corrupt(`${where} cannot be decompressed`, { memory, page, digest }, cause);
  }
  if (bytes.length === pageSizeBytes && digestPage(bytes).toString("hex") === digest) return bytes;
  throw corrupt(`${where} is damaged: it does not match its digest`, { memory, page, digest });
}

/** Exclusive or with the base's page, which takes a page to its difference and back. Beyond its end the base is zero. */
function differ(bytes: Uint8Array, base: Buffer, page: number): Uint8Array {
  const at = page * pageSizeBytes;
  const result = new Uint8Array(bytes);
  if (at >= base.length) return result;
  const words = new Int32Array(result.buffer);
  const baseWords = new Int32Array(base.buffer, base.byteOffset + at, words.length);
  for (let index = 0; index < words.length; index++) words[index]! ^= baseWords[index]!;
  return result;
}

interface Manifest {
  base: Buffer;
  root: Buffer;
  globals: (number | bigint)[];
  memories: { sizeBytes: number; pages: Map<number, string> }[];
}

function parseManifest(manifest: Uint8Array): Manifest {
  const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.length);
  let at = 0;
  const take = (sizeBytes: number) => {
    if (at + sizeBytes > bytes.length)
      throw corrupt(`its manifest ends at byte ${bytes.length}, before it is complete`);
    return bytes.subarray(at, (at += sizeBytes));
  };
  const number = () => take(4).readUInt32LE();
  if (!take(magic.length).equals(magic)) throw corrupt("its manifest does not begin as one");
  const version = number();
  if (version !== manifestVersion) {
    throw new HostError(
      "snapshot/version",
      `The snapshot has format ${version}; this host reads format ${manifestVersion}. Use the version of Planaria that wrote it.`,
      {
        data: { version, expected: manifestVersion },
      },
    );
  }
  const [base, root] = [take(digestSizeBytes), take(digestSizeBytes)];
  const globals = Array.from({ length: number() }, () => readGlobal(take(globalSizeBytes)));
  const memories = Array.from({ length: number() }, (_, memory) => {
    const count = number();
    if (count > mostPages) throw corrupt(`its manifest gives memory ${memory} ${count} pages, more than there can be`);
    const pages = new Map<number, string>();
    for (let left = number(); left > 0; left--) {
      const page = number();
      if (page >= count)
        throw corrupt(`its manifest has page ${page} of memory ${memory}, which ends at page ${count}`);
      pages.set(page, take(digestSizeBytes).toString("hex"));
    }
    return { sizeBytes: count * pageSizeBytes, pages };
  });
  if (at !== bytes.length) throw corrupt(`its manifest goes on for ${bytes.length - at} bytes behind its end`);
  return { base, root, globals, memories };
}

function readGlobal(bytes: Buffer): number | bigint {
  if (bytes[0]! > 1) throw corrupt(`its manifest has a global of unknown kind ${bytes[0]}`);
  return bytes[0] === 1 ? bytes.readBigInt64LE(1) : bytes.readDoubleLE(1);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function corrupt(what: string, data: Record<string, unknown> = {}, cause?: unknown): HostError {
  return new HostError("snapshot/corrupt", `The snapshot cannot be read: ${what}.`, { data, cause });
}
