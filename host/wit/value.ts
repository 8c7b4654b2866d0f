import type { Handles } from "./handle.ts";
import type { WitFunction, WitType } from "./type.ts";
import { ArgumentReader } from "./value-reader.ts";
import { ValueWriter } from "./value-writer.ts";

/**
 * Reads a function's arguments, JSON array text, as the values that jco's glue takes.
 *
 * Shape:  the first argument of a method is its `self`. Options at the end, and in records, may be left out.
 * Errors: HostError `call/argument`, which names the place in the arguments, what is expected there, and what came.
 */
export function readArguments(func: WitFunction, args: string, handles: Handles): unknown[] {
  return new ArgumentReader(func, handles).readAll(args);
}

/** Writes a value that jco's glue gave as JSON text; integers with all their digits. null: there is no value. */
export function writeValue(type: WitType | null, value: unknown, handles: Handles): string {
  return type === null ? "null" : new ValueWriter(handles).write(type, value);
}
