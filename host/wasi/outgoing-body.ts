import type {
  ErrorCode,
  OutgoingBody as WasiOutgoingBody,
} from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import type { Fields } from "./http-fields.ts";
import { IoError } from "./io-error.ts";
import { OutputStream } from "./streams.ts";

/** What a guest may write in all; the limit on payloads, which is lower as a rule, holds when it is sent. */
const limitBytes = 268_435_456;

/** The body of a request, which is sent as a whole once it is finished. */
export class OutgoingBody implements WasiOutgoingBody {
  /** As the guest announced it; null: it did not. */
  readonly #contentLength: number | null;
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;
  #isWritten = false;
  /** What became of it; null: it is being written. */
  #end: Uint8Array | ErrorCode | null = null;
  #ended: (end: Uint8Array | ErrorCode) => void = () => {};

  constructor(contentLength: number | null) {
    this.#contentLength = contentLength;
  }

  /** The stream, which is given once. */
  write(): OutputStream {
    if (this.#isWritten) throw undefined;
    this.#isWritten = true;
    return new OutputStream({ write: (bytes) => this.#add(bytes), save: () => null });
  }

  /** No more is written. Errors: an error code of WASI, which then is the response's, too. */
  static finish(body: OutgoingBody, trailers: Fields | undefined): void {
    const size = body.#sizeBytes;
    if (body.#contentLength !== null && body.#contentLength !== size)
      body.#fail({ tag: "HTTP-request-body-size", val: BigInt(size) });
    if (trailers && trailers.entries().length > 0)
      body.#fail({ tag: "internal-error", val: "Trailers are not provided by this host." });
    body.#endWith(Buffer.concat(body.#pieces));
  }

  /** Calls `ended` once with the body, or with why there is none. */
  whenEnded(ended: (end: Uint8Array | ErrorCode) => void): void {
    if (this.#end) ended(this.#end);
    else this.#ended = ended;
  }

  /** A guest that drops it unfinished does not want it sent. */
  [Symbol.dispose](): void {
    this.#endWith({ tag: "HTTP-protocol-error" });
  }

  #add(bytes: Uint8Array): void {
    if (this.#end) throw new IoError("finished", "The body is finished.");
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > limitBytes) throw new IoError("too-large", `The body is longer than ${limitBytes} bytes.`);
    this.#pieces.push(bytes.slice());
  }

  #fail(code: ErrorCode): never {
    this.#endWith(code);
    throw code;
  }

  #endWith(end: Uint8Array | ErrorCode): void {
    if (this.#end) return;
    this.#end = end;
    this.#ended(end);
  }
}
