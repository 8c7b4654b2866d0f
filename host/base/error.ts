/**
 * A failure of the host itself, as opposed to one that a guest sees as a value.
 *
 * `code` is stable and of the form `room/what`; `data` holds what the message was made of.
 */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: { data?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = options.data ?? {};
  }
}

/** Whether `error` is a HostError, of the given code if one is named. */
export function isHostError(error: unknown, code?: string): error is HostError {
  return error instanceof HostError && (code === undefined || error.code === code);
}

/** Throws HostError `base/invariant`: a defect of the host, never of its input. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new HostError("base/invariant", `Broken invariant: ${what}. This is a defect of Planaria.`);
}
