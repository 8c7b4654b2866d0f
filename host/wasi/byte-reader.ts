/** Takes apart what a ByteWriter put together. */
export class ByteReader {
  #at = 0;
  readonly #buffer: Buffer;
  readonly #corrupt: (what: string) => Error;

  /** `corrupt` makes the error for bytes that are not what they should be. */
  constructor(bytes: Uint8Array, corrupt: (what: string) => Error) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#corrupt = corrupt;
  }

  number(sizeBytes: number): number {
    return this.bytes(sizeBytes).readUIntLE(0, sizeBytes);
  }

  long(): bigint {
    return this.bytes(8).readBigUInt64LE();
  }

  /** Not a copy. */
  bytes(sizeBytes: number): Buffer {
    const end = this.#at + sizeBytes;
    if (end > this.#buffer.length) throw this.#corrupt(`they end at byte ${this.#buffer.length}, too early`);
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  text(): string {
    const bytes = this.bytes(this.number(2));
    const text = bytes.toString();
    if (!Buffer.from(text).equals(bytes))
      throw this.#corrupt(`before byte ${this.#at} stands a text that is not UTF-8`);
    return text;
  }

  align(sizeBytes: number): void {
    const padding = this.bytes(Math.ceil(this.#at / sizeBytes) * sizeBytes - this.#at);
    if (padding.some((byte) => byte !== 0)) throw this.#corrupt(`before byte ${this.#at} there should be zeros`);
  }

  end(): void {
    const left = this.#buffer.length - this.#at;
    if (left > 0) throw this.#corrupt(`they go on for ${left} bytes behind their end`);
  }
}
