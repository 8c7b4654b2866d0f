import * as v from "valibot";

/** Up to 285 years: a moment that comes of it is a number that every store keeps. */
const spanMs = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(9_000_000_000_000));

/** When something that failed is tried again: the wait before attempt n + 1 is `firstMs × factorⁿ⁻¹`, at most `mostMs`. */
export const retrySchema = v.strictObject({
  /** How often it is tried at most, the first time included. */
  attempts: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  firstMs: spanMs,
  factor: v.pipe(v.number(), v.finite(), v.minValue(1)),
  mostMs: spanMs,
  /** The part of each wait that is left to chance: 0 for none of it, 1 for anything from no wait to the whole. */
  jitter: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** The codes or names of the errors that are worth another try; empty: all. */
  only: v.array(v.string()),
  /** The codes or names of those that are not. */
  never: v.array(v.string()),
});

export type RetryPolicy = v.InferOutput<typeof retrySchema>;
