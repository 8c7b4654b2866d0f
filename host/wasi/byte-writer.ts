/** Puts bytes one behind the other; numbers are little endian. */
export class ByteWriter {
  sizeBytes = 0;
  #buffer = Buffer.alloc(4_096);

  /** Up to six bytes. */
  number(value: number, sizeBytes: number): void {
    this.sizeBytes = this.#reserve(sizeBytes).writeUIntLE(value, this.sizeBytes, sizeBytes);
  }

  long(value: bigint): void {
    this.sizeBytes = this.#reserve(8).writeBigUInt64LE(value, this.sizeBytes);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length).set(bytes, this.sizeBytes);
    this.sizeBytes += bytes.length;
  }

  /** Its length in two bytes, and UTF-8. */
  text(text: string): void {
    const bytes = Buffer.from(text);
    this.number(bytes.length, 2);
    this.bytes(bytes);
  }

  /** Zeros up to a multiple of `sizeBytes`. */
  align(sizeBytes: number): void {
    const end = Math.ceil(this.sizeBytes / sizeBytes) * sizeBytes;
    this.#reserve(end - this.sizeBytes);
    this.sizeBytes = end;
  }

  /** Has room for what is to come, so that it is not copied as it grows. */
  reserve(sizeBytes: number): void {
    this.#reserve(sizeBytes);
  }

  /** All of it. Nothing may be written afterwards. */
  end(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.sizeBytes);
  }

  #reserve(sizeBytes: number): Buffer {
    const needed = this.sizeBytes + sizeBytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
      grown.set(this.#buffer.subarray(0, this.sizeBytes));
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}
