/** Takes pieces of work one after the other, in the order in which they came. */
export class Turns {
  #tail: Promise<unknown> = Promise.resolve();
  #count = 0;
  #ended = Promise.withResolvers<void>();

  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** Resolves when the next piece of work is through. */
  ended(): Promise<void> {
    return this.#ended.promise;
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    const result = this.#tail.then(work).finally(() => this.#end());
    this.#tail = result.catch(() => {});
    return result;
  }

  #end(): void {
    this.#count -= 1;
    this.#ended.resolve();
    this.#ended = Promise.withResolvers();
  }
}
