import type { Error as WasiError } from "@bytecodealliance/preview2-shim/interfaces/wasi-io-error";
import type { Savable, Saved } from "./saved.ts";

/**
 * `wasi:io/error`: why the last operation on a stream failed. A source or sink throws it.
 *
 * `code` is the cause in the words of whoever is behind the stream: for a file, an `error-code` of `wasi:filesystem`.
 */
export class IoError extends Error implements WasiError, Savable {
  override readonly name = "IoError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  toDebugString(): string {
    return this.message;
  }

  save(): Saved {
    return { kind: "error", code: this.code, message: this.message };
  }

  static load({ code, message }: Saved): IoError {
    return new IoError(String(code), String(message));
  }
}
