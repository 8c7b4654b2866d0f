import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { AgentRow, InvocationRow, OperationRow, PromiseRow } from "./store.ts";

/*
 * Rows of the port and columns of the schema: what is nested in a row lies flat in its columns, and a boolean is 0 or 1.
 * The order of `…Columns` is the order of `…Values`. Keys are not among them: an update that names a key, even the same
 * one, costs a write to its index.
 */

/** A row as SQLite gives it. Its columns were written by `…Values`, into strict tables. */
export type Columns = Record<string, SQLOutputValue>;

/** How an agent came to be: written once, but for a component that it gets later. */
export const originColumns =
  "component type params targetGroup targetNode targetOnly createdBy parentAgent parentIndex parentOperation createdAt".split(
    " ",
  );

export function originValues({
  component,
  type,
  params,
  target,
  createdBy,
  parent,
  createdAt,
}: AgentRow): SQLInputValue[] {
  return [
    component,
    type,
    params,
    target?.group ?? null,
    target?.node ?? null,
    target && Number(target.only),
    createdBy,
    parent?.agent ?? null,
    parent?.index ?? null,
    parent?.operation ?? null,
    createdAt,
  ];
}

/** What becomes of it. */
export const agentColumns = "state node snapshot snapshotLength length updatedAt error".split(" ");

export function agentValues({ state, node, snapshot, length, updatedAt, error }: AgentRow): SQLInputValue[] {
  return [state, node, snapshot?.id ?? null, snapshot?.length ?? null, length, updatedAt, error];
}

/**
 * What a table itself holds as the key of a row that was found by it, for `checkKey`.
 *
 * SQLite would take it from the index, which in a damaged file may say something else.
 */
export const storedKey = (table: string, key: string, number = "number") =>
  `(SELECT stored.${key} FROM ${table} AS stored WHERE stored.${number} = ${table}.${number}) AS storedKey`;

/** A row that was found by `key`. Errors: HostError `store/corrupt` if it is another one's. */
export function checkKey({ storedKey: stored, ...columns }: Columns, key: string, file: string): Columns {
  if (stored === key) return columns;
  const todo = `Restore it from a backup, or save what can be read: sqlite3 ${file} .recover`;
  const what = `${file} is damaged: where ${key} should be there is something else.`;
  throw new HostError("store/corrupt", `${what} ${todo}`, { data: { file, key } });
}

export function toAgent(columns: Columns): AgentRow {
  const { targetGroup, targetNode, targetOnly, parentAgent, parentIndex, parentOperation, ...others } = columns;
  const { snapshot, snapshotLength, ...rest } = others;
  return {
    ...rest,
    target: targetGroup === null ? null : { group: targetGroup, node: targetNode, only: targetOnly === 1 },
    parent: parentAgent === null ? null : { agent: parentAgent, index: parentIndex, operation: parentOperation },
    snapshot: snapshot === null ? null : { id: snapshot, length: snapshotLength },
  } as AgentRow;
}

/** What call it is: written once. */
export const callColumns = "method args callerAgent callerOperation attached depth retry createdAt".split(" ");

export function callValues({
  method,
  args,
  caller,
  attached,
  depth,
  retry,
  createdAt,
}: InvocationRow): SQLInputValue[] {
  return [
    method,
    args,
    caller?.agent ?? null,
    caller?.operation ?? null,
    Number(attached),
    depth,
    retry && JSON.stringify(retry),
    createdAt,
  ];
}

/** How far it has come. */
export const invocationColumns = "state dueAt cancelRequested attempt lastError value error finishedAt".split(" ");

/** `isWaiting`: whether its agent waits for a node that takes it up, so that its calls need not be looked for. */
export function invocationValues(row: InvocationRow, isWaiting: boolean): SQLInputValue[] {
  const { state, outcome } = row;
  return [
    state === "queued" && isWaiting ? "waiting" : state,
    row.dueAt,
    Number(row.cancelRequested),
    row.attempt,
    row.lastError,
    outcome && "value" in outcome ? outcome.value : null,
    outcome && "error" in outcome ? outcome.error : null,
    row.finishedAt,
  ];
}

/** `columns` are those of an invocation, and `id` of its agent. One that waits for its agent's placing is queued. */
export function toInvocation({ id, callerAgent, callerOperation, value, error, ...rest }: Columns): InvocationRow {
  return {
    ...rest,
    agent: id,
    caller: callerAgent === null ? null : { agent: callerAgent, operation: callerOperation },
    attached: rest["attached"] === 1,
    state: rest["state"] === "waiting" ? "queued" : rest["state"],
    cancelRequested: rest["cancelRequested"] !== 0,
    retry: rest["retry"] && JSON.parse(rest["retry"] as string),
    outcome: toOutcome(value as string | null, error as string | null),
  } as unknown as InvocationRow;
}

function toOutcome(value: string | null, error: string | null): Outcome | null {
  if (error !== null) return { error };
  return value === null ? null : { value };
}

export const promiseColumns =
  "state payload createdBy createdAt expiresAt settledAt settledByAgent settledByOperation".split(" ");

export function promiseValues(row: PromiseRow): SQLInputValue[] {
  return [
    row.state,
    row.payload,
    row.createdBy,
    row.createdAt,
    row.expiresAt,
    row.settledAt,
    row.settledBy?.agent ?? null,
    row.settledBy?.operation ?? null,
  ];
}

export function toPromise({ settledByAgent, settledByOperation, ...rest }: Columns): PromiseRow {
  return {
    ...rest,
    settledBy: settledByAgent === null ? null : { agent: settledByAgent, operation: settledByOperation },
  } as PromiseRow;
}

/** `columns` are those of an operation, and `id` of its agent. */
export function toOperation({ id, operation, source, dueAt, attempt }: Columns): OperationRow {
  return { agent: id as AgentId, operation, source, dueAt, attempt } as OperationRow;
}

/** `?, ?, ?` for so many values. */
export const marks = (count: number) => Array(count).fill("?").join(", ");

/** `a = ?, b = ?` for these columns, or what else each is to be. */
export const assignments = (columns: readonly string[], value = (_column: string) => "?") =>
  columns.map((column) => `${column} = ${value(column)}`).join(", ");
