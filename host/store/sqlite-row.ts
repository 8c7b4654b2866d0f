import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
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

export const agentColumns =
  "component type params state node parentAgent parentIndex parentOperation snapshot snapshotLength length createdAt updatedAt error".split(
    " ",
  );

export function agentValues(row: AgentRow): SQLInputValue[] {
  const { parent, snapshot } = row;
  return [
    row.component,
    row.type,
    row.params,
    row.state,
    row.node,
    parent?.agent ?? null,
    parent?.index ?? null,
    parent?.operation ?? null,
    snapshot?.id ?? null,
    snapshot?.length ?? null,
    row.length,
    row.createdAt,
    row.updatedAt,
    row.error,
  ];
}

export function toAgent(columns: Columns): AgentRow {
  const { parentAgent, parentIndex, parentOperation, snapshot, snapshotLength, ...rest } = columns;
  return {
    ...rest,
    parent: parentAgent === null ? null : { agent: parentAgent, index: parentIndex, operation: parentOperation },
    snapshot: snapshot === null ? null : { id: snapshot, length: snapshotLength },
  } as AgentRow;
}

export const invocationColumns =
  "state method args callerAgent callerOperation attached dueAt cancelRequested value error createdAt finishedAt".split(
    " ",
  );

export function invocationValues(row: InvocationRow): SQLInputValue[] {
  const { caller, outcome } = row;
  return [
    row.state,
    row.method,
    row.args,
    caller?.agent ?? null,
    caller?.operation ?? null,
    Number(row.attached),
    row.dueAt,
    Number(row.cancelRequested),
    outcome && "value" in outcome ? outcome.value : null,
    outcome && "error" in outcome ? outcome.error : null,
    row.createdAt,
    row.finishedAt,
  ];
}

/** `columns` are those of an invocation, and `id` of its agent. */
export function toInvocation({ id, callerAgent, callerOperation, value, error, ...rest }: Columns): InvocationRow {
  return {
    ...rest,
    agent: id,
    caller: callerAgent === null ? null : { agent: callerAgent, operation: callerOperation },
    attached: rest["attached"] === 1,
    cancelRequested: rest["cancelRequested"] === 1,
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
export function toOperation({ id, operation, source, dueAt }: Columns): OperationRow {
  return { agent: id as AgentId, operation, source, dueAt } as OperationRow;
}

/** `?, ?, ?` for so many values. */
export const marks = (count: number) => Array(count).fill("?").join(", ");

/** `a = ?, b = ?` for these columns, or what else each is to be. */
export const assignments = (columns: readonly string[], value = (_column: string) => "?") =>
  columns.map((column) => `${column} = ${value(column)}`).join(", ");
