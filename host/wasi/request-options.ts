import type { RequestOptions as WasiRequestOptions } from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import { toSpanMs } from "./span.ts";

type Duration = bigint;

/** How long a guest would wait. A response is there as a whole or not at all, so nobody waits between two bytes of it. */
export class RequestOptions implements WasiRequestOptions {
  #connectNs: Duration | undefined;
  #firstByteNs: Duration | undefined;
  #betweenBytesNs: Duration | undefined;

  connectTimeout(): Duration | undefined {
    return this.#connectNs;
  }

  setConnectTimeout(span: Duration | undefined): void {
    this.#connectNs = span;
  }

  firstByteTimeout(): Duration | undefined {
    return this.#firstByteNs;
  }

  setFirstByteTimeout(span: Duration | undefined): void {
    this.#firstByteNs = span;
  }

  betweenBytesTimeout(): Duration | undefined {
    return this.#betweenBytesNs;
  }

  setBetweenBytesTimeout(span: Duration | undefined): void {
    this.#betweenBytesNs = span;
  }

  /** The span for all of it, in whole milliseconds; undefined: the component's own. */
  totalMs(): number | undefined {
    if (this.#connectNs === undefined && this.#firstByteNs === undefined) return undefined;
    return toSpanMs((this.#connectNs ?? 0n) + (this.#firstByteNs ?? 0n));
  }
}
