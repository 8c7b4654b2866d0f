/** Takes pieces of work one after the other, in the order in which they came. */
export class Turns {
  #tail: Promise<unknown> = Promise.resolve();
  #count = 0;

  get isIdle(): boolean {
    return this.#count === 0;
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    const result = this.#tail.then(work).finally(() => (this.#count -= 1));
    this.#tail = result.catch(() => {});
    return result;
  }
}
