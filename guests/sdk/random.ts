import host from "planaria:host/random@0.1.0";
import { PlanariaError } from "./failure.ts";
import { requireEntered } from "./invocation.ts";

const mostBytesAtOnce = 65_536;

/** Cryptographically random bytes. They are journaled: a replay draws the same. */
export function bytes(count: number): Uint8Array<ArrayBuffer> {
  requireEntered("Randomness");
  if (!Number.isSafeInteger(count) || count < 0 || count > mostBytesAtOnce) {
    throw new PlanariaError(
      "guest/bad-argument",
      `random.bytes takes a count from 0 to ${mostBytesAtOnce}, not ${String(count)}.`,
    );
  }
  return host.bytes(count);
}

/** A random UUID (RFC 9562, version 4). */
export function uuid(): `${string}-${string}-${string}-${string}-${string}` {
  const drawn = bytes(16);
  drawn[6] = (drawn[6]! & 0x0f) | 0x40;
  drawn[8] = (drawn[8]! & 0x3f) | 0x80;
  const hex = Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A whole number from `first` to `last`, both included. For games and sampling, not for secrets. */
export function int(first: number, last: number): number {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first > last) {
    throw new PlanariaError(
      "guest/bad-argument",
      `random.int takes two whole numbers in order, not ${String(first)} and ${String(last)}.`,
    );
  }
  return first + Math.floor(number() * (last - first + 1));
}

let state: Uint32Array | undefined;

/**
 * A number from 0 up to, not including, 1: what `Math.random()` gives. Seeded once for each agent.
 *
 * Source: sfc32 of Chris Doty-Humphrey's PractRand, 53 bits of two draws.
 */
export function number(): number {
  state ??= seeded();
  return ((next(state) >>> 5) * 0x4000000 + (next(state) >>> 6)) / 0x20000000000000;
}

/** Makes the next `number` begin with a new seed. */
export function reseed(): void {
  state = undefined;
}

function seeded(): Uint32Array {
  requireEntered("Math.random()");
  const seed = new Uint32Array(host.bytes(12).buffer);
  const fresh = Uint32Array.of(seed[0]!, seed[1]!, seed[2]!, 1);
  for (let round = 0; round < 12; round += 1) next(fresh);
  return fresh;
}

function next(words: Uint32Array): number {
  const [a, b, c, count] = words as unknown as [number, number, number, number];
  const drawn = (a + b + count) >>> 0;
  words[0] = b ^ (b >>> 9);
  words[1] = c + (c << 3);
  words[2] = ((c << 21) | (c >>> 11)) + drawn;
  words[3] = count + 1;
  return drawn;
}
