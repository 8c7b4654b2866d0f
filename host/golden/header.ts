import * as v from "valibot";
import { HostError } from "../base/error.ts";
import type { Digest } from "../base/id.ts";
import { oplogFormat } from "../oplog/entry.ts";

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const headerSchema = v.strictObject({
  /** Says what the file is, to people and to programs. */
  planaria: v.literal("golden"),
  /** The format of the entries. */
  format: count,
  /** The version of Planaria that recorded it. */
  host: v.string(),
  agent: v.pipe(v.string(), v.nonEmpty()),
  component: sha256,
  /** What each memory of the guest could grow to: a guest sees it when it comes to the end of it. */
  memoryCapBytes: count,
  /** How many entries follow, one a line. */
  entries: count,
  /** The digest of the memory that they lead to. */
  memory: sha256,
  /** Of all of the above and the entries, as they were written. */
  digest: sha256,
});

/** The first line of a golden file. */
export type GoldenHeader = v.InferOutput<typeof headerSchema> & { component: Digest };

const headSchema = v.looseObject({ planaria: v.literal("golden"), format: v.number() });

/**
 * Reads a header, and gives it also as it was written.
 *
 * Errors: HostError `golden/not-golden`, `golden/format` for one of another format, `golden/damaged`.
 */
export function decodeHeader(line: string, file: string): { header: GoldenHeader; written: Record<string, unknown> } {
  const written = readHead(line, file);
  const checked = v.safeParse(headerSchema, written);
  if (checked.success) return { header: checked.output as GoldenHeader, written };
  const [issue] = checked.issues;
  throw new HostError(
    "golden/damaged",
    `${file} is damaged in line 1: ${v.getDotPath(issue) ?? "header"}: ${issue.message}.`,
    { data: { line: 1 } },
  );
}

/** As much of it as every format has. */
function readHead(line: string, file: string): v.InferOutput<typeof headSchema> {
  const checked = v.safeParse(headSchema, parse(line));
  if (!checked.success) {
    throw new HostError(
      "golden/not-golden",
      `${file} is no golden file: its first line is not a header. \`planaria record\` writes one.`,
    );
  }
  const { format } = checked.output;
  if (format === oplogFormat) return checked.output;
  throw new HostError(
    "golden/format",
    `${file} is of format ${format}; this version of Planaria reads format ${oplogFormat}.`,
    { data: { format } },
  );
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
