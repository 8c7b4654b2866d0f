/** The only source of time. Real in the composition root, virtual in simulation. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Calls `wake` once, at `at` or soon after. Disposing it before then cancels it. */
  wakeAt(at: number, wake: () => void): Disposable;
}

/** One request to the world outside, to one host: whoever sends it follows redirects by himself. */
export interface HttpRequest {
  method: string;
  url: URL;
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array | null;
  /** A response with a longer body is not read to its end. */
  limitBytes: number;
}

export interface HttpResponse {
  status: number;
  statusText: string;
  headers: [name: string, value: string][];
  /** As the server meant it: transfer and content codings are undone. */
  body: Uint8Array;
}

/** The only way to the world outside. */
export interface Http {
  /**
   * Sends a request and reads the response to its end. A redirect is a response like any other.
   *
   * Errors: HostError `http/failed` if there was no whole response, `http/too-large`; whatever `signal` was aborted with.
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
}

/** The only source of randomness. */
export interface Random {
  bytes(count: number): Uint8Array;
}
