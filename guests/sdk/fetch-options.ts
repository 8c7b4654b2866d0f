import type { RetryOptions } from "./retry.ts";

/** What `fetch` can be told beyond the Fetch standard. */
export interface FetchOptions {
  /** Gives an attempt up when it takes longer. By default after what the operator set, 30,000 if nothing else. */
  timeoutMs?: number | undefined;
  /** The longest body of a response that is of use, in bytes; the operator's limit, 16 MiB if nothing else, is the most. */
  limitBytes?: number | undefined;
  /**
   * Sends the request again when it fails or times out, or is answered with 429 or a status from 500 on; a number counts
   * attempts, the first one included. In `only` and `never`, such an answer is called `http/status`.
   */
  retry?: RetryOptions | number | undefined;
}

declare global {
  /** What the second argument of `fetch` may have, beside what others take. */
  interface RequestInit extends FetchOptions {}
}
