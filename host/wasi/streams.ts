import type {
  InputStream as WasiInputStream,
  OutputStream as WasiOutputStream,
} from "@bytecodealliance/preview2-shim/interfaces/wasi-io-streams";
import { HostError } from "../base/error.ts";
import { IoError } from "./io-error.ts";
import { Pollable } from "./pollable.ts";
import type { Savable, Saved } from "./saved.ts";

/** What an input stream reads from. All that it will ever have is there: a read never waits. */
export interface Source extends Savable {
  /** One byte up to `most`; null: the end is reached. Errors: IoError, which ends the stream. */
  read(most: number): Uint8Array | null;
  /** Nobody will read any more. */
  [Symbol.dispose]?(): void;
}

/** What an output stream writes to. It never waits, so there is nothing to flush. */
export interface Sink extends Savable {
  /** The bytes are the caller's: whoever keeps them copies them. Errors: IoError, which ends the stream. */
  write(bytes: Uint8Array): void;
  /** Nobody will write any more. */
  [Symbol.dispose]?(): void;
}

/** How much is read or written at once. */
const permitBytes = 65_536;

/** The error of WASI that says that a stream is at its end, or that it failed before. */
const closed = () => ({ tag: "closed" }) as const;

export class InputStream implements WasiInputStream, Savable, Disposable {
  /** null: closed. */
  #source: Source | null;

  constructor(source: Source | null) {
    this.#source = source;
  }

  read(length: bigint): Uint8Array {
    const source = this.#source;
    if (!source) throw closed();
    const most = cut(length);
    if (most === 0) return new Uint8Array();
    const bytes = attempt(() => source.read(most), this);
    if (bytes) return bytes;
    this[Symbol.dispose]();
    throw closed();
  }

  blockingRead(length: bigint): Uint8Array {
    return this.read(length);
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint {
    return this.skip(length);
  }

  subscribe(): Pollable {
    return new Pollable();
  }

  save(): Saved | null {
    if (!this.#source) return { kind: "input-stream", source: null };
    const source = this.#source.save();
    return source && { kind: "input-stream", source };
  }

  [Symbol.dispose](): void {
    this.#source?.[Symbol.dispose]?.();
    this.#source = null;
  }
}

export class OutputStream implements WasiOutputStream, Savable, Disposable {
  /** null: closed. */
  #sink: Sink | null;

  constructor(sink: Sink | null) {
    this.#sink = sink;
  }

  checkWrite(): bigint {
    if (!this.#sink) throw closed();
    return BigInt(permitBytes);
  }

  write(contents: Uint8Array): void {
    const sink = this.#sink;
    if (!sink) throw closed();
    checkPermit(contents.length);
    attempt(() => sink.write(contents), this);
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.write(contents);
  }

  flush(): void {
    if (!this.#sink) throw closed();
  }

  blockingFlush(): void {
    this.flush();
  }

  subscribe(): Pollable {
    return new Pollable();
  }

  writeZeroes(length: bigint): void {
    checkPermit(length);
    this.write(new Uint8Array(Number(length)));
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }

  splice(source: InputStream, length: bigint): bigint {
    if (!this.#sink) throw closed();
    const bytes = source.read(length);
    this.write(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint {
    return this.splice(source, length);
  }

  save(): Saved | null {
    if (!this.#sink) return { kind: "output-stream", sink: null };
    const sink = this.#sink.save();
    return sink && { kind: "output-stream", sink };
  }

  [Symbol.dispose](): void {
    this.#sink?.[Symbol.dispose]?.();
    this.#sink = null;
  }
}

function cut(length: bigint): number {
  return length < permitBytes ? Number(length) : permitBytes;
}

/** WASI has a guest trap that writes more than it was permitted to. */
function checkPermit(sizeBytes: number | bigint): void {
  if (sizeBytes <= permitBytes) return;
  throw new HostError(
    "guest/invalid-argument",
    `wasi:io/streams: a write of ${sizeBytes} bytes, and check-write permits ${permitBytes}. Write it in pieces.`,
  );
}

/** A stream on which something failed is closed. */
function attempt<T>(action: () => T, stream: Disposable): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    stream[Symbol.dispose]();
    throw { tag: "last-operation-failed", val: error } as const;
  }
}
