import { styleText } from "node:util";
import yoctoSpinner from "yocto-spinner";
import { renderError, renderErrorJson } from "./render-error.ts";
import type { Terminal } from "./terminal.ts";

export interface OutputOptions {
  /** Results and errors are JSON. */
  json: boolean;
  /** Nothing is said but results and errors. */
  quiet: boolean;
  color: boolean;
}

export type Style = Parameters<typeof styleText>[0];

/**
 * What a terminal acts upon, but for colors, tabs and line ends; and what turns the direction of writing. Agents are named
 * and log as guests like, and nothing of that may clear the screen or overwrite a line.
 */
// oxlint-disable-next-line no-control-regex
const active = /\x1b(?!\[[\d;]*m)|[\0-\x08\v-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

const disarm = (text: string): string =>
  text.replace(active, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

/** Where errors were printed: the one who sees an error first prints it, and it goes on to decide the exit code. */
const printedOn = new WeakMap<Error, Terminal>();

/** Where a command speaks: results to stdout, talk to stderr. Colour and motion are for terminals only. */
export class Output {
  readonly #terminal: Terminal;
  readonly #options: OutputOptions;

  constructor(terminal: Terminal, options: OutputOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  /** Prints the result of a command: as JSON with `--json`, else as `format` words it. */
  result<T>(value: T, format: (value: T, paint: Output["paint"]) => string): void {
    const text = this.#options.json ? JSON.stringify(value) : disarm(format(value, this.paint));
    if (text !== "") this.#terminal.stdout.write(`${text}\n`);
  }

  /** Prints JSON text as the result: as it is with `--json`, else as `format` lays it out. */
  json(text: string, format: (text: string) => string): void {
    this.#terminal.stdout.write(`${this.#options.json ? text : disarm(format(text))}\n`);
  }

  /** Tells what has happened: with `--json` as a line on stdout, else in words for people. */
  fact(value: object, text: string): void {
    if (this.#options.json) this.#terminal.stdout.write(`${JSON.stringify(value)}\n`);
    else this.say(text);
  }

  /** Tells people what is going on. */
  say(text: string): void {
    if (!this.#options.quiet) this.#terminal.stderr.write(`${disarm(text)}\n`);
  }

  /** Prints an error, unless it was printed before. */
  error(error: unknown): void {
    if (error instanceof Error) {
      if (printedOn.get(error) === this.#terminal) return;
      printedOn.set(error, this.#terminal);
    }
    const { stderr, debug } = this.#terminal;
    const { json } = this.#options;
    stderr.write(`${json ? renderErrorJson(error) : disarm(renderError(error, { paint: this.paintTalk, debug }))}\n`);
  }

  /** Shows that something takes its time, until it is disposed. */
  progress(text: string): Disposable {
    const { stderr } = this.#terminal;
    if (this.#options.quiet || !stderr.isTTY || !this.#options.color) return { [Symbol.dispose]: () => {} };
    const spinner = yoctoSpinner({ text: disarm(text), stream: stderr as NodeJS.WriteStream }).start();
    return { [Symbol.dispose]: () => void spinner.stop() };
  }

  /** Styles text that goes to stdout. */
  readonly paint = (style: Style, text: string): string => this.#paintFor(this.#terminal.stdout, style, text);

  /** Styles text that goes to stderr. */
  readonly paintTalk = (style: Style, text: string): string => this.#paintFor(this.#terminal.stderr, style, text);

  #paintFor(stream: Terminal["stdout"], style: Style, text: string): string {
    return this.#options.color ? styleText(style, text, { stream }) : text;
  }
}
