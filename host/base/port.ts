/** The only source of time. Real in the composition root, virtual in simulation. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Calls `wake` once, at `at` or soon after. Disposing it before then cancels it. */
  wakeAt(at: number, wake: () => void): Disposable;
}

/** The only source of randomness. */
export interface Random {
  bytes(count: number): Uint8Array;
}
