import type { Writable } from "node:stream";
import { isDeepStrictEqual, styleText } from "node:util";
import { showCommand } from "./planaria.ts";

type Style = Parameters<typeof styleText>[0];

/** Tells what happens, line by line, and counts what is not as it should be. Colour is for terminals only. */
export class Teller {
  readonly #out: Writable;
  differences = 0;

  constructor(out: Writable) {
    this.#out = out;
  }

  chapter(title: string): void {
    this.#out.write(`\n${this.#paint("bold", title)}\n`);
  }

  command(args: readonly string[]): void {
    this.say(`${this.#paint("dim", "$")} ${this.#paint("cyan", showCommand(args))}`);
  }

  /** Passes on what a command prints. */
  quote(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.say(this.#paint("dim", line));
  }

  say(text: string): void {
    for (const line of text.split("\n")) this.#out.write(`  ${line}\n`);
  }

  /** Holds what came out against what should. */
  check(claim: string, actual: unknown, expected: unknown): void {
    if (isDeepStrictEqual(actual, expected)) return this.say(`${this.#paint("green", "✓")} ${claim}`);
    this.differences += 1;
    this.say(`${this.#paint("red", "✗")} ${claim}`);
    this.say(`  expected  ${JSON.stringify(expected)}\n  actual    ${JSON.stringify(actual)}`);
  }

  #paint(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#out });
  }
}
