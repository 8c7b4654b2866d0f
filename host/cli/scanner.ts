import stringWidth from "string-width";
import { HostError } from "../base/error.ts";

/** The longest stretch of an expression that an error shows on either side of its caret. */
const contextLength = 60;

/**
 * A place in an expression that moves forwards token by token; white space between tokens is skipped.
 *
 * Errors: HostError `call/syntax`, with a caret under the offending column.
 */
export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
    this.#skipSpace();
  }

  /** Takes `token` if it stands here. */
  take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.#advance(token.length);
    return true;
  }

  /** Takes what a sticky expression matches here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#advance(found.length);
    return found;
  }

  expect(token: string, after: string): void {
    if (!this.take(token)) this.fail(`Expected \`${token}\` ${after}, found ${this.#found()}`);
  }

  expectEnd(): void {
    if (this.at < this.text.length) this.fail(`Expected the end, found ${this.#found()}`);
  }

  /** Fails because something else was expected here. */
  failExpecting(what: string, hint?: string): never {
    this.fail(`Expected ${what}, found ${this.#found()}`, this.at, hint);
  }

  fail(why: string, at: number = this.at, hint?: string): never {
    const lineStart = this.text.lastIndexOf("\n", at - 1) + 1;
    const lineEnd = `${this.text}\n`.indexOf("\n", at);
    const before = this.text.slice(Math.max(lineStart, at - contextLength), at);
    const line = before + this.text.slice(at, Math.min(lineEnd, at + contextLength));
    const message = [why, `  ${line}`, `  ${" ".repeat(stringWidth(before))}^`, ...(hint ? [`  ${hint}`] : [])].join(
      "\n",
    );
    throw new HostError("call/syntax", message, { data: { text: this.text, at, why } });
  }

  #found(): string {
    const token = /[\p{ID_Start}$_][\p{ID_Continue}$]*|[\d.]+|\.\.\.|[^]/uy;
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[0];
    return found === undefined ? "the end" : `\`${found}\``;
  }

  #advance(length: number): void {
    this.at += length;
    this.#skipSpace();
  }

  #skipSpace(): void {
    const space = /\s*/y;
    space.lastIndex = this.at;
    this.at += space.exec(this.text)![0].length;
  }
}
