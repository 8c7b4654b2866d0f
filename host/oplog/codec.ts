import * as v from "valibot";
import { HostError } from "../base/error.ts";
import { entrySchema, type Entry } from "./entry.ts";

const stepSchema = v.array(entrySchema);

/** Where a text came from, for the message when it can't be read. */
export interface Origin {
  agent: string;
  /** Index of the first entry. */
  first: number;
}

/** The entries of one step as the JSON array text that a store keeps. */
export function encodeStep(entries: readonly Entry[]): string {
  return JSON.stringify(entries);
}

/**
 * Reads what `encodeStep` wrote, and nothing else.
 *
 * Errors: HostError `oplog/corrupt` if it is no JSON array of entries, `oplog/unknown-entry` for an entry of a kind that
 * this host does not know, `oplog/invalid-entry` for fields that are missing, superfluous or of the wrong type.
 */
export function decodeStep(text: string, origin: Origin): Entry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new HostError("oplog/corrupt", `The oplog of ${origin.agent} is damaged at entry ${origin.first}: it is not JSON.`, { cause });
  }
  const checked = v.safeParse(stepSchema, parsed, { abortEarly: true });
  if (checked.success) return checked.output;
  throw explain(parsed, checked.issues[0], origin);
}

function explain(parsed: unknown, issue: v.BaseIssue<unknown>, origin: Origin): HostError {
  const [position, ...fields] = (issue.path ?? []).map((part) => String((part as { key?: unknown }).key));
  const at = `the oplog of ${origin.agent} at entry ${origin.first + Number(position ?? 0)}`;
  if (position === undefined) return new HostError("oplog/corrupt", `Damaged: ${at} is not a list of entries.`);
  const entry = (parsed as Record<string, unknown>[])[Number(position)];
  if (fields[0] === "kind") {
    return new HostError(
      "oplog/unknown-entry",
      `Cannot read ${at}: no entry of kind ${JSON.stringify(entry?.kind)} is known to this version of Planaria. A newer one may have written it.`,
      { data: { kind: entry?.kind } },
    );
  }
  return new HostError("oplog/invalid-entry", `Cannot read ${at}: ${fields.join(".") || "entry"}: ${issue.message}.`, { data: { entry } });
}
