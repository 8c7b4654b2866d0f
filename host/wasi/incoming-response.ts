import type {
  FutureTrailers as WasiFutureTrailers,
  IncomingBody as WasiIncomingBody,
  IncomingResponse as WasiIncomingResponse,
} from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import { Fields, isForbidden } from "./http-fields.ts";
import { Pollable } from "./pollable.ts";
import { InputStream, type Source } from "./streams.ts";

/** The outcome of a fetch, as wit/http.wit has it. */
export interface FetchedResponse {
  status: number;
  headers: [name: string, value: string][];
  body: { text: string } | { base64: string };
}

/** A response, which is there as a whole. */
export class IncomingResponse implements WasiIncomingResponse {
  readonly #response: FetchedResponse;
  #isConsumed = false;

  constructor(response: FetchedResponse) {
    this.#response = response;
  }

  status(): number {
    return this.#response.status;
  }

  headers(): Fields {
    const { headers } = this.#response;
    const isEncoded = headers.some(([name]) => name === "content-encoding");
    // The host undoes codings, and a guest that read of one would do so again.
    const isStale = (name: string) => isEncoded && (name === "content-encoding" || name === "content-length");
    const shown = headers.filter(([name]) => !isForbidden(name) && !isStale(name));
    return new Fields(
      shown.map(([name, value]) => [name, Buffer.from(value, "latin1")]),
      false,
    );
  }

  /** The body, which is given once. */
  consume(): IncomingBody {
    if (this.#isConsumed) throw undefined;
    this.#isConsumed = true;
    const { body } = this.#response;
    return new IncomingBody("text" in body ? Buffer.from(body.text) : Buffer.from(body.base64, "base64"));
  }
}

export class IncomingBody implements WasiIncomingBody {
  readonly #bytes: Uint8Array;
  #isRead = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The stream, which is given once. */
  stream(): InputStream {
    if (this.#isRead) throw undefined;
    this.#isRead = true;
    return new InputStream(sourceOf(this.#bytes));
  }

  static finish(_body: IncomingBody): FutureTrailers {
    return new FutureTrailers();
  }
}

/** What stands behind the body; the host does not read it, and says at once that there is nothing. */
export class FutureTrailers implements WasiFutureTrailers {
  #isTaken = false;

  subscribe(): Pollable {
    return new Pollable();
  }

  get(): ReturnType<WasiFutureTrailers["get"]> {
    if (this.#isTaken) return { tag: "err", val: undefined };
    this.#isTaken = true;
    return { tag: "ok", val: { tag: "ok", val: undefined } };
  }
}

function sourceOf(bytes: Uint8Array): Source {
  let offset = 0;
  return {
    read(most) {
      if (offset === bytes.length) return null;
      const piece = bytes.subarray(offset, offset + most);
      offset += piece.length;
      return piece;
    },
    save: () => null,
  };
}
