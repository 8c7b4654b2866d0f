import { hash } from "node:crypto";
import fc from "fast-check";
import type { Golden } from "../../host/golden/golden.ts";
import type { Entry, EntryKind } from "../../host/oplog/entry.ts";

/** One entry of a golden, and what it was altered to. */
export interface Alteration {
  index: number;
  recorded: Entry;
  altered: Entry;
}

/** Alters one entry of every kind that a golden has. Which one, and in what, is chosen once and for all by its text. */
export function alterEachKind({ header, entries }: Golden): Alteration[] {
  const kinds = [...new Set(entries.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const indexes = [...entries.keys()].filter((index) => entries[index]!.kind === kind);
    const seed = Number.parseInt(hash("sha1", `${header.digest} ${kind}`).slice(0, 7), 16);
    return sample(
      fc.constantFrom(...indexes).chain((index) => alter(entries[index]!, index)),
      seed,
    );
  });
}

/** The text of a golden file with one line in the place of another. */
export function replaceEntry(text: string, { index, altered }: Alteration): string {
  const lines = text.split("\n");
  lines[index + 1] = JSON.stringify(altered);
  return lines.join("\n");
}

function alter(recorded: Entry, index: number): fc.Arbitrary<Alteration> {
  const fields = Object.keys(recorded).filter((field) => field !== "kind" && !isUnread(recorded, field));
  return fc.constantFrom(...fields).map((field) => {
    const value = (recorded as unknown as Record<string, unknown>)[field];
    return { index, recorded, altered: { ...recorded, [field]: alterField(recorded.kind, field, value) } as Entry };
  });
}

/** A function is told its name with the agent's, and a guest that does not ask for its key forgets it. */
function isUnread({ kind }: Entry, field: string): boolean {
  return kind === "invoked" && (field === "key" || field === "method");
}

/** Another value that is as valid in the place of the first. */
function alterField(kind: EntryKind, field: string, value: unknown): unknown {
  // What is never false may be absent.
  if (value === true) return undefined;
  if (typeof value === "number") return value + 1;
  if (Array.isArray(value)) return alterHeaders(value as [string, string][]);
  if (typeof value === "object") {
    const [name, inner] = Object.entries(value as Record<string, unknown>)[0]!;
    return { ...value, [name]: alterField(kind, name, inner) };
  }
  const text = String(value);
  const others: Record<string, string[]> = {
    level: ["info", "warn"],
    mode: ["attached", "triggered"],
    as: ["resolved", "canceled"],
    redirect: ["follow", "manual"],
  };
  const other = others[field]?.find((each) => each !== text);
  if (other !== undefined) return other;
  if (field === "component") return text.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
  if (field === "bytes" || field === "base64") return alterBytes(text);
  const isJson = ["args", "value", "payload"].includes(field) || (field === "error" && kind !== "trapped");
  return isJson ? JSON.stringify(alterJson(JSON.parse(text))) : `${text}~`;
}

/** One header more, or the first one with another value. */
function alterHeaders([first, ...rest]: [name: string, value: string][]): [name: string, value: string][] {
  return first ? [[first[0], `${first[1]}~`], ...rest] : [["x-altered", "1"]];
}

/** One bit more or less; where there is none, a byte. */
function alterBytes(text: string): string {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0) return "AA==";
  bytes[0]! ^= 1;
  return bytes.toString("base64");
}

/** The last leaf of a JSON value altered: errors keep their names that way. */
function alterJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [0] : [...value.slice(0, -1), alterJson(value.at(-1))];
  if (typeof value === "object" && value !== null) {
    const last = Object.keys(value).at(-1);
    return last === undefined ? { altered: true } : { ...value, [last]: alterJson((value as never)[last]) };
  }
  if (typeof value === "number") return value + 1;
  if (typeof value === "string") return `${value}~`;
  return value === null ? 0 : !value;
}

function sample<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  return fc.sample(arbitrary, { numRuns: 1, seed })[0]!;
}
