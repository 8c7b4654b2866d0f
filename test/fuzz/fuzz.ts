import fc from "fast-check";
import { HostError } from "../../host/base/error.ts";

const factor = Number(process.env["FUZZ_RUNS"] ?? 1);

/**
 * Tries a property for a few seconds, with the same values each time.
 *
 * `FUZZ_RUNS=50 npm test -- test/fuzz` tries it 50 times as often, with others each time.
 */
export function expectAlways<Values>(property: fc.IProperty<Values>, count: number): void;
export function expectAlways<Values>(property: fc.IAsyncProperty<Values>, count: number): Promise<void>;
export function expectAlways<Values>(
  property: fc.IProperty<Values> | fc.IAsyncProperty<Values>,
  count: number,
): unknown {
  // What never ends is a defect, too, and is to be told with the values that brought it about.
  return fc.assert(property, { numRuns: count * factor, timeout: 10_000, ...(factor === 1 && { seed: 1 }) });
}

/** How long a test may take, in milliseconds. */
export const patienceMs = 60_000 * factor;

/** What `work` gives, or the refusal that it throws. Anything else that is thrown is a defect. */
export function valueOrRefusal<T>(work: () => T): T | HostError {
  try {
    return work();
  } catch (error) {
    return checkRefusal(error);
  }
}

/** Throws what is no refusal: one has a code `room/what`, and words for people. */
export function checkRefusal(error: unknown): HostError {
  if (!(error instanceof HostError) || !/^[a-z]+\/[a-z-]+$/.test(error.code) || error.code === "base/invariant")
    throw error;
  if (error.message.length < 10) throw new Error(`${error.code} says too little: ${error.message}`);
  return error;
}

/** Texts that were changed here and there, cut off, or that repeat themselves. */
export function mangled(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(
    fc.nat(),
    fc.nat(4),
    fc.oneof(fc.string({ unit: "binary", maxLength: 4 }), fc.string({ maxLength: 4 })),
  );
  return fc.tuple(text, fc.array(change, { minLength: 1, maxLength: 4 })).map(([whole, changes]) =>
    changes.reduce((now, [place, length, put]) => {
      const at = place % (now.length + 1);
      return now.slice(0, at) + put + now.slice(at + length);
    }, whole),
  );
}

/** Bytes in which some bits were flipped, or of which the end is missing. */
export function damage(bytes: Uint8Array, { flips, cut }: Damage): Buffer<ArrayBuffer> {
  const damaged = Buffer.from(bytes);
  for (const { at, bit } of flips) {
    const place = at % damaged.length;
    damaged[place]! ^= 1 << bit;
  }
  return cut === null ? damaged : damaged.subarray(0, cut % (damaged.length + 1));
}

export interface Damage {
  flips: { at: number; bit: number }[];
  cut: number | null;
}

export const someDamage: fc.Arbitrary<Damage> = fc.record({
  flips: fc.array(fc.record({ at: fc.nat(), bit: fc.nat(7) }), { minLength: 1, maxLength: 6 }),
  cut: fc.option(fc.nat(), { freq: 4 }),
});
