import * as v from "valibot";
import { HostError } from "../base/error.ts";
import type { Digest } from "../base/id.ts";
import { decodeStep } from "../oplog/codec.ts";
import { oplogFormat, type Entry } from "../oplog/entry.ts";

const headerSchema = v.strictObject({
  /** Says what the file is, to people and to programs. */
  planaria: v.literal("golden"),
  /** The format of the entries. */
  format: v.pipe(v.number(), v.integer()),
  /** The version of Planaria that recorded it. */
  host: v.string(),
  agent: v.pipe(v.string(), v.nonEmpty()),
  component: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** How many entries follow, one a line. */
  entries: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** The digest of the memory that they lead to. */
  memory: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

/** An agent's whole oplog, and the digest of the memory that it leads to: a file of JSON lines. */
export interface Golden {
  header: v.InferOutput<typeof headerSchema> & { component: Digest };
  entries: Entry[];
}

export function encodeGolden({ header, entries }: Golden): string {
  return [header, ...entries].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * Reads a golden file.
 *
 * Errors: HostError `golden/not-golden`, `golden/format` for one of another format, `golden/truncated`,
 *         `oplog/unknown-entry`, `oplog/invalid-entry`. `file` is named in all of them.
 */
export function decodeGolden(text: string, file: string): Golden {
  const [first = "", ...lines] = text.split("\n");
  const parsed = parseLine(first, file, 1);
  const checked = v.safeParse(headerSchema, parsed);
  if (!checked.success) {
    throw new HostError("golden/not-golden", `${file} is no golden file: its first line is not a header. \`planaria record\` writes one.`, {
      data: { issues: checked.issues.map(({ message }) => message) },
    });
  }
  const header = checked.output as Golden["header"];
  if (header.format !== oplogFormat) {
    throw new HostError("golden/format", `${file} is of format ${header.format}; this version of Planaria reads format ${oplogFormat}.`);
  }
  // A text that ends without a line feed was cut off.
  if (lines.pop() !== "" || lines.length !== header.entries) {
    throw new HostError("golden/truncated", `${file} is cut off, or was altered: it has ${lines.length} of ${header.entries} entries.`);
  }
  const entries = lines.flatMap((line, index) => {
    parseLine(line, file, index + 2);
    return decodeStep(`[${line}]`, { agent: `${header.agent} in ${file}`, first: index });
  });
  return { header, entries };
}

function parseLine(line: string, file: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new HostError("golden/not-golden", `${file} is damaged in line ${number}: it is not JSON.`, { cause });
  }
}

/** An oplog's entries in the groups in which they were made: steps, and those that stand alone. */
export function splitSteps(entries: readonly Entry[]): Entry[][] {
  const steps: Entry[][] = [];
  for (const entry of entries) {
    if (entry.kind === "created" || entry.kind === "forked" || entry.kind === "stepped" || steps.length === 0) steps.push([entry]);
    else steps.at(-1)!.push(entry);
  }
  return steps;
}
