const longestMs = 9_000_000_000_000n;

/** Nanoseconds as whole milliseconds, rounded up. A span too long to matter (285 years) is cut: it has to end at a date. */
export function toSpanMs(spanNs: bigint): number {
  const spanMs = (spanNs + 999_999n) / 1_000_000n;
  return Number(spanMs < longestMs ? spanMs : longestMs);
}
