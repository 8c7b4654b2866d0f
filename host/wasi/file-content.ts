/** The bytes of one file. They may be a part of a saved tree, and are copied before they change. */
export class FileContent {
  /** Behind `sizeBytes` there may be room for more, which is zero. */
  #bytes = new Uint8Array();
  #isShared = false;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** A copy of what is there of `most` bytes from `offset` on. */
  read(offset: number, most: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#sizeBytes), Math.min(offset + most, this.#sizeBytes));
  }

  /** A gap between the old end and `offset` is zero. */
  write(bytes: Uint8Array, offset: number): void {
    const sizeBytes = Math.max(this.#sizeBytes, offset + bytes.length);
    if (this.#isShared || sizeBytes > this.#bytes.length) this.#reserve(sizeBytes);
    this.#bytes.set(bytes, offset);
    this.#sizeBytes = sizeBytes;
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.length) this.#reserve(sizeBytes);
    else if (sizeBytes < this.#sizeBytes) {
      this.#bytes = this.#bytes.slice(0, sizeBytes);
      this.#isShared = false;
    }
    this.#sizeBytes = sizeBytes;
  }

  /** All of it, to look at. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#sizeBytes);
  }

  /** Takes equal bytes in the place of its own, which will never change. */
  share(bytes: Uint8Array): void {
    // A Buffer's `slice` would not copy.
    this.#bytes = new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
    this.#isShared = true;
    this.#sizeBytes = bytes.length;
  }

  /** Bytes of its own, and when it grows, room for as much again, so that many small writes cost no more than few. */
  #reserve(sizeBytes: number): void {
    const grown = new Uint8Array(sizeBytes > this.#sizeBytes ? Math.max(sizeBytes, 2 * this.#sizeBytes) : sizeBytes);
    grown.set(this.view());
    this.#bytes = grown;
    this.#isShared = false;
  }
}
