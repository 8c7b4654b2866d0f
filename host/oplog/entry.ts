import * as v from "valibot";
import { retrySchema } from "./retry.ts";

/**
 * What an oplog is made of: every entry is a past fact about one agent.
 *
 * Entries of one step are stored together, in order: first `stepped`, then what entered the guest, then the imports it
 * called. Only `created` and `forked` stand alone. Payloads (`args`, `value`) stay the JSON text that the guest wrote or
 * will read, so that not a digit of them changes on the way.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Up to the last one that a date can express. */
const instant = v.pipe(count, v.maxValue(8_640_000_000_000_000));
const operation = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** What a guest hands over as one may be a number that was never given out, 0 included. */
const claimed = count;
const text = v.string();
const agent = v.pipe(v.string(), v.nonEmpty());
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** Read and written again: a pattern that goes over it overflows the stack at three megabytes. */
const base64 = v.pipe(
  text,
  v.check((written) => Buffer.from(written, "base64").toString("base64") === written, "Invalid Base64"),
);

/** An outcome: the value as JSON text, or the failure as JSON text of `{name, message, code?, data?, cause?, stack?}`. */
const outcomeSchema = v.union([v.strictObject({ value: text }), v.strictObject({ error: text })]);
export type Outcome = v.InferOutput<typeof outcomeSchema>;

/** What an agent of world `blocking` is given on its way, in its component's settings. */
const environmentSchema = v.strictObject({
  /** Environment variables, in order. */
  variables: v.array(v.tuple([text, text])),
  /** The arguments of a command, without its name. */
  arguments: v.array(text),
  /** Directories of the host that the agent may read. */
  preopens: v.array(v.strictObject({ host: text, guest: text })),
});
export type Environment = v.InferOutput<typeof environmentSchema>;

const entry = <const Kind extends string, Fields extends v.ObjectEntries>(kind: Kind, fields: Fields) =>
  v.strictObject({ kind: v.literal(kind), ...fields });

export const entrySchema = v.variant("kind", [
  // How an agent came to be.
  /** Operations are numbered behind `operations`: agents of the same id that were deleted may have used those before. */
  entry("created", {
    agent,
    component: digest,
    host: text,
    operations: v.optional(count),
    environment: v.optional(environmentSchema),
  }),
  /** By an operation of the parent; 0: by somebody outside. */
  entry("forked", { agent, parent: agent, operation: count }),

  // What entered the guest.
  entry("stepped", { at: instant }),
  entry("invoked", { invocation: operation, key: text, method: text, args: text }),
  entry("delivered", { operation, outcome: outcomeSchema }),
  entry("cancel-requested", { invocation: operation }),
  entry("abandoned", { invocation: operation }),

  // What the guest called: one kind for each import that does something.
  entry("rpc-started", {
    operation,
    callee: v.union([v.strictObject({ agent: text, method: text }), v.strictObject({ function: text })]),
    args: text,
    mode: v.picklist(["attached", "triggered"]),
    at: v.optional(instant),
    key: v.optional(text),
    target: v.optional(text),
    timeoutMs: v.optional(count),
    retry: v.optional(retrySchema),
  }),
  /** `tree`: with all agents that it brought to life, and theirs. */
  entry("delete-started", { operation, agent: text, tree: v.optional(v.literal(true)) }),
  entry("fetch-started", {
    operation,
    method: text,
    url: text,
    headers: v.array(v.tuple([text, text])),
    body: v.optional(v.union([v.strictObject({ text }), v.strictObject({ base64: base64 })])),
    redirect: v.picklist(["follow", "error", "manual"]),
    timeoutMs: v.optional(count),
    limitBytes: v.optional(count),
    retry: v.optional(retrySchema),
  }),
  entry("promise-created", { operation, id: text, timeoutMs: v.optional(count) }),
  entry("promise-awaited", { operation, id: text }),
  entry("promise-settled", {
    operation,
    id: text,
    as: v.picklist(["resolved", "rejected", "canceled"]),
    payload: v.optional(text),
  }),
  entry("fork-started", { operation }),
  entry("sleep-started", { operation, spanMs: count }),
  entry("operation-canceled", { operation: claimed }),
  entry("random-drawn", { bytes: base64 }),
  /** The host looked at something outside for the guest, a file say: `what` names it, and `answer` is what it saw. */
  entry("observed", { what: text, answer: text }),
  entry("logged", { level: v.picklist(["debug", "info", "warn", "error"]), message: text }),
  entry("run-started", { operation, name: text, args: text }),
  entry("run-finished", { operation: claimed, outcome: outcomeSchema }),
  /** `exited`: the guest left by `exit`, in the midst of its stack, so that its memory goes back to what it was before. */
  entry("finished", { invocation: claimed, outcome: outcomeSchema, exited: v.optional(v.literal(true)) }),

  // A step that came to no good end: it was undone, and so changed no memory. Its inputs stand before it.
  entry("trapped", { invocation: v.optional(operation), error: text }),
]);

export type Entry = v.InferOutput<typeof entrySchema>;
export type EntryKind = Entry["kind"];
export type EntryOf<Kind extends EntryKind> = Extract<Entry, { kind: Kind }>;

/** The format that this host writes. A reader refuses any other by its number. */
export const oplogFormat = 1;
