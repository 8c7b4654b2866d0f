import { hash } from "node:crypto";
import { HostError } from "../base/error.ts";
import { decodeStep } from "../oplog/codec.ts";
import { oplogFormat, type Entry } from "../oplog/entry.ts";
import { decodeHeader, type GoldenHeader } from "./header.ts";
import { checkShape } from "./shape.ts";

/** An agent's whole oplog, and the digest of the memory that it leads to: a file of JSON lines. */
export interface Golden {
  header: GoldenHeader;
  entries: Entry[];
  /** Whether header and entries are as they were recorded. A replay finds most of what was altered, and says where. */
  isIntact: boolean;
}

/** Puts a header before entries. */
export function makeGolden(
  facts: Pick<GoldenHeader, "host" | "agent" | "component" | "memoryCapBytes" | "memory">,
  entries: Entry[],
): Golden {
  const { host, agent, component, memoryCapBytes, memory } = facts;
  const told = { host, agent, component, memoryCapBytes, entries: entries.length, memory };
  const unsealed = { planaria: "golden" as const, format: oplogFormat, ...told };
  return { header: { ...unsealed, digest: seal(unsealed, toLines(entries)) }, entries, isIntact: true };
}

/** A golden as the text of its file. */
export function encodeGolden({ header, entries }: Golden): string {
  return [JSON.stringify(header), ...toLines(entries), ""].join("\n");
}

/**
 * Reads the text of a golden file, with either kind of line ends.
 *
 * Errors: HostError `golden/not-golden`, `golden/format` for one of another format, `golden/truncated`, `golden/damaged`
 *         for lines that are not JSON and entries that can't follow each other, `oplog/unknown-entry`,
 *         `oplog/invalid-entry`. `file` is named in all of them.
 */
export function decodeGolden(text: string, file: string): Golden {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const { header, written } = decodeHeader(first, file);
  // A text that ends without a line feed was cut off.
  const isWhole = lines.at(-1) === "";
  const whole = lines.slice(0, -1);
  if (!isWhole || whole.length !== header.entries) throw truncated(header, whole.length, file);
  const entries = whole.map((line, index) => decodeLine(line, index, header, file));
  checkShape(entries, header, file);
  const { digest, ...unsealed } = written;
  return { header, entries, isIntact: seal(unsealed, whole) === digest };
}

function toLines(entries: readonly Entry[]): string[] {
  return entries.map((entry) => JSON.stringify(entry));
}

/** Taken over the text: how schemas order fields may change from the day that records to the day that reads. */
function seal(unsealed: object, lines: readonly string[]): string {
  return hash("sha256", [JSON.stringify(unsealed), ...lines].join("\n"));
}

function decodeLine(line: string, index: number, { agent }: GoldenHeader, file: string): Entry {
  if (!isJson(line)) {
    throw new HostError("golden/damaged", `${file} is damaged in line ${index + 2}: it is not JSON.`, {
      data: { line: index + 2 },
    });
  }
  const [entry] = decodeStep(`[${line}]`, { agent: `${agent} in ${file}`, first: index });
  return entry!;
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function truncated({ entries }: GoldenHeader, found: number, file: string): HostError {
  const what = found > entries ? "was added to" : "is cut off";
  return new HostError("golden/truncated", `${file} ${what}: it has ${found} whole entries of ${entries}.`, {
    data: { recorded: entries, found },
  });
}
