import * as v from "valibot";
import { HostError } from "../base/error.ts";
import type { Saved } from "./saved.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const flag = v.exactOptional(v.boolean());
const type = v.picklist(["directory", "regular-file"]);
const anyType = v.picklist([
  "unknown",
  "block-device",
  "character-device",
  "directory",
  "fifo",
  "symbolic-link",
  "regular-file",
  "socket",
]);
const flags = v.strictObject({
  read: flag,
  write: flag,
  fileIntegritySync: flag,
  dataIntegritySync: flag,
  requestedWriteSync: flag,
  mutateDirectory: flag,
});

/** What the objects of `wasi:filesystem` that a guest holds handles of are saved as. */
const handles = {
  descriptor: v.object({ kind: v.literal("descriptor"), node: count, flags }),
  "directory-entry-stream": v.object({
    kind: v.literal("directory-entry-stream"),
    node: count,
    last: count,
    end: count,
  }),
  "file-source": v.object({ kind: v.literal("file-source"), node: count, offset: count }),
  "file-sink": v.object({ kind: v.literal("file-sink"), node: count, offset: v.nullable(count) }),
  "host-descriptor": v.object({ kind: v.literal("host-descriptor"), preopen: v.string(), path: v.string(), type }),
  "host-directory-entry-stream": v.object({
    kind: v.literal("host-directory-entry-stream"),
    left: v.array(v.object({ type: anyType, name: v.string() })),
  }),
  "host-file-source": v.object({
    kind: v.literal("host-file-source"),
    preopen: v.string(),
    path: v.string(),
    offset: count,
  }),
};

type Handle = v.InferOutput<(typeof handles)[keyof typeof handles]>;

/** null: it is of another kind. Errors: HostError `snapshot/corrupt`. */
export function readHandle(saved: Saved): Handle | null {
  if (!Object.hasOwn(handles, saved.kind)) return null;
  const checked = v.safeParse(handles[saved.kind as keyof typeof handles], saved);
  if (!checked.success) throw corruptHandle(JSON.stringify(saved));
  return checked.output;
}

export function corruptHandle(what: string): HostError {
  return new HostError("snapshot/corrupt", `The snapshot cannot be read: the guest holds a handle of ${what}.`);
}
