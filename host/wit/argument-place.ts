import { HostError } from "../base/error.ts";
import { formatFunction, formatType } from "./format.ts";
import type { WitFunction, WitType } from "./type.ts";

/** How much of a string a refusal shows. */
const shownLength = 40;

/** Where in the arguments of a call its reader is: a parameter, then fields, cases and indices. */
export class ArgumentPlace {
  readonly #func: WitFunction;
  readonly #path: (string | number)[] = [];

  constructor(func: WitFunction) {
    this.#func = func;
  }

  enter(key: string | number): void {
    this.#path.push(key);
  }

  leave(): void {
    this.#path.pop();
  }

  /** Refuses what stands here, where a value of this type has to be. */
  refuse(type: WitType, json: unknown, hint = ""): never {
    const [param, ...inner] = this.#path;
    const path = param + inner.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
    const [expected, got] = [formatType(type), describe(json)];
    const why = `The argument ${path} of ${this.#func.name} has to be ${expected}, and is ${got}.`;
    this.refuseAll(hint === "" ? why : `${why} ${hint}`, { path, expected, got });
  }

  /** Refuses the arguments. */
  refuseAll(why: string, data: Record<string, unknown>, cause?: unknown): never {
    throw new HostError("call/argument", `${why}\n  ${formatFunction(this.#func)}`, {
      data: { function: this.#func.name, ...data },
      cause,
    });
  }
}

/** A value in few words, however large or deep it is. */
function describe(json: unknown): string {
  if (json === undefined) return "missing";
  if (typeof json === "string") {
    return json.length > shownLength
      ? `a string that begins with ${JSON.stringify(json.slice(0, shownLength))}`
      : `the string ${JSON.stringify(json)}`;
  }
  if (typeof json !== "object" || json === null) return String(json);
  if (Array.isArray(json)) return `an array of ${json.length}`;
  const keys = Object.keys(json)
    .slice(0, 5)
    .map((key) => key.slice(0, shownLength));
  return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
}
