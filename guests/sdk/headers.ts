type Pair = [name: string, value: string];

/** The headers in the order in which they were given: as they are sent. */
export let pairsOf: (headers: Headers) => Pair[];

const token = /^[\w!#$%&'*+.^`|~-]+$/;

/** As the Fetch standard has it, but for the names that a browser keeps to itself. */
export class Headers {
  #pairs: Pair[] = [];

  constructor(init?: unknown) {
    if (init === undefined || init === null) return;
    if (typeof init !== "object") throw new TypeError("Headers are made of a record, of pairs, or of Headers.");
    for (const [name, value] of readInit(init)) this.append(name, value);
  }

  append(name: string, value: string): void {
    this.#pairs.push([readName(name), readValue(name, value)]);
  }

  set(name: string, value: string): void {
    const [key, text] = [readName(name), readValue(name, value)];
    const at = this.#pairs.findIndex(([given]) => given === key);
    if (at === -1) this.#pairs.push([key, text]);
    else this.#pairs = this.#pairs.with(at, [key, text]).filter(([given], index) => index === at || given !== key);
  }

  delete(name: string): void {
    const key = readName(name);
    this.#pairs = this.#pairs.filter(([given]) => given !== key);
  }

  get(name: string): string | null {
    const values = this.#valuesOf(readName(name));
    return values.length === 0 ? null : values.join(", ");
  }

  getSetCookie(): string[] {
    return this.#valuesOf("set-cookie");
  }

  has(name: string): boolean {
    return this.#valuesOf(readName(name)).length > 0;
  }

  forEach(callback: (value: string, name: string, headers: this) => void, receiver?: unknown): void {
    for (const [name, value] of this) callback.call(receiver, value, name, this);
  }

  /** Sorted by name; values of one name are one, but for `set-cookie`. */
  *entries(): IterableIterator<Pair> {
    const names = [...new Set(this.#pairs.map(([name]) => name))].toSorted();
    for (const name of names) {
      const values = this.#valuesOf(name);
      for (const value of name === "set-cookie" ? values : [values.join(", ")]) yield [name, value];
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  #valuesOf(key: string): string[] {
    return this.#pairs.filter(([name]) => name === key).map(([, value]) => value);
  }

  static {
    pairsOf = (headers) => headers.#pairs.map(([name, value]) => [name, value]);
  }
}

function readInit(init: object): Iterable<Pair> {
  if (!(Symbol.iterator in init)) return Object.entries(init);
  return Array.from(init as Iterable<Iterable<string>>, (pair) => {
    const [name, value, ...rest] = [...pair];
    if (name === undefined || value === undefined || rest.length > 0)
      throw new TypeError("Each header must be a pair of a name and a value.");
    return [name, value];
  });
}

function readName(name: unknown): string {
  const text = String(name);
  if (!token.test(text)) throw new TypeError(`${JSON.stringify(text)} is no name of a header.`);
  return text.toLowerCase();
}

function readValue(name: unknown, value: unknown): string {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  // oxlint-disable-next-line no-control-regex
  if (/[\0\n\r]|[^\0-\xff]/.test(text))
    throw new TypeError(`The header ${String(name)} can't hold a line break or a character beyond Latin-1.`);
  return text;
}
