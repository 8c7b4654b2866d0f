/** An error as it travels between agents: see `failure` in wit/operation.wit. */
export interface Failure {
  name: string;
  message: string;
  code?: string;
  data?: unknown;
  cause?: Failure;
  stack?: string;
}

/**
 * An error with a stable `code` of the form `room/what`, such as `promise/timed-out`.
 *
 * Throw one to let a caller in another agent tell what went wrong: name, message, code, data and cause arrive there.
 */
export class PlanariaError extends Error {
  override name = "PlanariaError";
  readonly code: string;
  /** Any JSON: what the message was made of. */
  readonly data: unknown;

  constructor(code: string, message: string, options: { data?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data;
  }
}

/** Whether `error`, thrown here or in another agent, bears this code: `hasCode(error, "promise/timed-out")`. */
export function hasCode(error: unknown, code: string): error is Error & { code: string; data?: unknown } {
  return error instanceof Error && read(error, "code") === code;
}

const deepestCause = 8;

/** What is known of anything thrown. Never throws, whatever its getters do. */
export function toFailure(thrown: unknown, depth = 0): Failure {
  try {
    return isErrorLike(thrown) ? fromError(thrown, depth) : fromOther(thrown);
  } catch {
    return { name: "Error", message: "something was thrown that cannot be read" };
  }
}

/** The failure as JSON text. */
export function failureJson(thrown: unknown): string {
  return JSON.stringify(toFailure(thrown));
}

function isErrorLike(thrown: unknown): thrown is object {
  return (
    thrown instanceof Error ||
    (typeof thrown === "object" && thrown !== null && typeof read(thrown, "message") === "string")
  );
}

function fromError(error: object, depth: number): Failure {
  const name = read(error, "name");
  const message = read(error, "message");
  const code = read(error, "code");
  const data = readable(read(error, "data") ?? listed(read(error, "errors"), depth));
  const cause = read(error, "cause");
  const stack = read(error, "stack");
  if (name === "InternalError" && message === "out of memory") return outOfMemory(stack);
  return {
    name: typeof name === "string" && name !== "" ? name : "Error",
    message: typeof message === "string" ? message : "",
    ...(typeof code === "string" ? { code } : {}),
    ...(data === undefined ? {} : { data }),
    ...(cause === undefined || depth >= deepestCause ? {} : { cause: toFailure(cause, depth + 1) }),
    ...(typeof stack === "string" && stack !== "" ? { stack } : {}),
  };
}

/** What QuickJS throws when the host gives it no more memory. */
function outOfMemory(stack: unknown): Failure {
  const message = "out of memory: the guest has reached its memory cap";
  return { name: "InternalError", message, code: "guest/memory-cap", ...(typeof stack === "string" ? { stack } : {}) };
}

function fromOther(thrown: unknown): Failure {
  if (typeof thrown === "string") return { name: "Error", message: thrown };
  if (thrown === null)
    return { name: "Error", message: "null was thrown, as QuickJS itself does when memory has run out" };
  const data = readable(thrown);
  const shown = data === undefined ? String(thrown) : JSON.stringify(data);
  return { name: "Error", message: `not an error was thrown: ${shown}`, ...(data === undefined ? {} : { data }) };
}

/** The errors of an AggregateError, which would else be lost. */
function listed(errors: unknown, depth: number): unknown {
  if (!Array.isArray(errors) || depth >= deepestCause) return undefined;
  return { errors: errors.map((error) => toFailure(error, depth + 1)) };
}

function read(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** A value as it will be after its way through JSON; undefined if it can't go that way. */
function readable(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

const natives: Record<string, ErrorConstructor> = {
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  EvalError,
};

/** The error that a failure tells of, ready to be thrown here. */
export function fromFailure(failure: Failure): Error {
  const { name, message, code, data, cause, stack } = failure;
  const options = cause === undefined ? {} : { cause: fromFailure(cause) };
  const error =
    code === undefined || Object.hasOwn(natives, name)
      ? new (natives[name] ?? Error)(message, options)
      : new PlanariaError(code, message, { data, ...options });
  const extra = {
    name,
    stack: stack ?? "",
    ...(code === undefined ? {} : { code }),
    ...(data === undefined ? {} : { data }),
  };
  for (const [key, value] of Object.entries(extra)) {
    if ((error as unknown as Record<string, unknown>)[key] !== value) {
      Object.defineProperty(error, key, { value, configurable: true, writable: true });
    }
  }
  return error;
}
