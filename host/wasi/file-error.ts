import type { ErrorCode } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { IoError } from "./io-error.ts";

/** Fails a function of `wasi:filesystem`: what is thrown is the error, as jco wants it. */
export function fail(code: ErrorCode): never {
  throw code;
}

/** Why an operation on a file's stream failed, for the stream; anything but an error code stays what it is. */
export function toIoError(error: unknown): unknown {
  return typeof error === "string" ? new IoError(error, `The file's stream has failed: ${error}.`) : error;
}

/** The codes that operations of file streams fail with. */
const streamCodes: ReadonlySet<string> = new Set<ErrorCode>([
  "access",
  "file-too-large",
  "insufficient-space",
  "io",
  "is-directory",
  "loop",
  "name-too-long",
  "no-entry",
  "not-directory",
  "not-permitted",
]);

/** Why an operation on a file's stream failed; undefined: it was no file's. */
export function filesystemErrorCode(error: IoError): ErrorCode | undefined {
  return streamCodes.has(error.code) ? (error.code as ErrorCode) : undefined;
}
