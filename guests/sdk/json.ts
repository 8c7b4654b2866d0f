import { PlanariaError, toFailure } from "./failure.ts";

/**
 * Writes a value as JSON text.
 *
 * As `JSON.stringify` does it, with two differences. What JSON would silently lose (functions, symbols, bigints, maps,
 * sets, promises, bytes) is refused. Errors become failures, so that the reasons of `Promise.allSettled` get through.
 * Errors: PlanariaError `guest/not-json`, naming the path: `result.items[3].total is a bigint`.
 */
export function toJson(value: unknown, root: string): string {
  try {
    return JSON.stringify(value, carry) ?? "null";
  } catch (cause) {
    const message = offence(value, root, []) ?? `${root} cannot be written as JSON: ${toFailure(cause).message}`;
    throw new PlanariaError("guest/not-json", message);
  }
}

/** Writes a list of arguments. Absent ones at its end stay absent, so that defaults apply. */
export function argsToJson(args: readonly unknown[]): string {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count -= 1;
  return toJson(count === args.length ? args : args.slice(0, count), "args");
}

/** The replacer: gives the value on as JSON shall have it, or throws. */
function carry(_key: string, value: unknown): unknown {
  switch (typeof value) {
    case "object":
      if (value === null || Array.isArray(value)) return value;
      if (value instanceof Error) return toFailure(value);
      if (lossy(value) !== undefined) throw new TypeError("not JSON");
      return value;
    case "function":
    case "symbol":
    case "bigint":
      throw new TypeError("not JSON");
    default:
      return value;
  }
}

/** Why JSON would lose what an object holds, if it would. */
function lossy(value: object): string | undefined {
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Object.prototype || proto === null) return undefined;
  if (value instanceof Promise) return "a promise: await it first";
  if (value instanceof Map) return "a Map: give Object.fromEntries(map) or [...map]";
  if (value instanceof Set) return "a Set: give [...set]";
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return "binary data: give an array of numbers or a string";
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) return "a weak collection";
  return undefined;
}

const deepestPath = 500;

/** Looks for the first part of a value that JSON can't carry, and says where it is and what. */
function offence(value: unknown, path: string, above: object[]): string | undefined {
  if (typeof value === "function") return `${path} is a function`;
  if (typeof value === "symbol") return `${path} is a symbol`;
  if (typeof value === "bigint") return `${path} is a bigint: give a string or a number`;
  if (typeof value !== "object" || value === null || value instanceof Error) return undefined;
  if (above.includes(value)) return `${path} is a cycle: it is an object that contains it`;
  const loss = lossy(value);
  if (loss !== undefined) return `${path} is ${loss}`;
  if (above.length >= deepestPath) return `${path.slice(0, 80)}… is nested too deep`;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return undefined;
  for (const [key, part] of Object.entries(value)) {
    const found = offence(part, path + step(value, key), [...above, value]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function step(holder: object, key: string): string {
  if (Array.isArray(holder)) return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
