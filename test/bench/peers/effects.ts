import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What became of effects that were to happen once each. */
export interface EffectCount {
  /** How many more there were than there should have been. */
  repeated: number;
  lost: number;
}

/** A server on loopback where a request is an effect: its number is a line more in a file before it is answered. */
export class Effects implements AsyncDisposable {
  readonly #file: string;
  readonly #server = createServer((request, response) => {
    appendFileSync(this.#file, `${request.url!.slice(1)}\n`);
    this.#count += 1;
    response.end("done", () => this.#answered());
  });
  #count = 0;
  #answered: () => void = () => {};

  private constructor(file: string) {
    this.#file = file;
  }

  static async open(file: string): Promise<Effects> {
    const effects = new Effects(file);
    await new Promise<void>((resolve) => effects.#server.listen(0, "127.0.0.1", resolve));
    return effects;
  }

  /** To be followed by the effect's number. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Resolves when so many have been answered. */
  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = () => {
        if (this.#count >= count) resolve();
      };
    });
  }

  count(expected: number): EffectCount {
    return countEffects(readFileSync(this.#file, "utf8"), expected);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Counts lines that are numbers from 0 on. */
export function countEffects(lines: string, expected: number): EffectCount {
  const numbers = lines.split("\n").filter((line) => line !== "");
  const distinct = new Set(numbers).size;
  return { repeated: numbers.length - distinct, lost: expected - distinct };
}
