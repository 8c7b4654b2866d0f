import { isDeepStrictEqual } from "node:util";
import type { Entry } from "../oplog/entry.ts";

/**
 * A frame of a QuickJS stack, as it stands in an error's `stack` or in a message: `at pay (componentize-qjs:user.js:3:31)`.
 *
 * The line feed before it may have been escaped, once for each JSON text around it.
 */
const frame =
  /(?:\n|\\{1,32}n)? {0,64}at (?:[^\n\\"(]{0,256} \((?:native|componentize-qjs:[\w.-]+(?::\d+)*)\)|componentize-qjs:[\w.-]+(?::\d+)*)/g;

/** Whether two entries say the same but for the lines of stack traces in them. */
export function isSameButFrames(recorded: Entry, attempted: Entry): boolean {
  if (isDeepStrictEqual(recorded, attempted)) return true;
  return isDeepStrictEqual(withoutFrames(recorded), withoutFrames(attempted));
}

/** An entry without the lines of stack traces in any of its texts. */
export function withoutFrames(entry: Entry): unknown {
  return JSON.parse(JSON.stringify(entry), (_, value: unknown) =>
    typeof value === "string" ? value.replace(frame, "") : value,
  );
}
