import { compress, decompress } from "../base/compression.ts";
import { HostError } from "../base/error.ts";
import { digestOf, shortDigest, type Digest } from "../base/id.ts";

/** A component as it is stored: a guest of 2.4 MB takes 0.8 MB. */
export function packComponent(bytes: Uint8Array): Uint8Array {
  return compress(bytes);
}

/** More than any component has, and less than would take the machine's memory. */
const mostBytes = 2 ** 29;

/** Errors: HostError `store/corrupt` if the bytes are not those of `digest`. */
export function unpackComponent(digest: Digest, packed: Uint8Array): Uint8Array {
  const bytes = attempt(() => decompress(packed, mostBytes));
  if (bytes && digestOf(bytes) === digest) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const what = `The store holds a damaged copy of the component ${shortDigest(digest)}.`;
  throw new HostError("store/corrupt", `${what} Restore the file from a backup.`, { data: { digest } });
}

function attempt(unpack: () => Buffer): Buffer | null {
  try {
    return unpack();
  } catch {
    return null;
  }
}
