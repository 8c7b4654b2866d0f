import { HostError } from "../base/error.ts";
import { shortDigest, type Digest } from "../base/id.ts";
import { describeEntry } from "../oplog/describe.ts";
import type { Mismatch } from "./journal.ts";

/** What is known of a replay, for the message. */
export interface ReplaySubject {
  /** The agent whose oplog is replayed. */
  agent: string;
  /** The component that the oplog was recorded with, and the version of the host. */
  recorded: { component: Digest; host: string };
  /** The component that it is replayed with. */
  component: Digest;
}

/** The error `replay/mismatch`: recorded against attempted, and what to do. */
export function mismatchError(mismatch: Mismatch, subject: ReplaySubject): HostError {
  const { index, recorded, attempted } = mismatch;
  const same = subject.recorded.component === subject.component;
  const lines = [
    `${subject.agent} left its recorded path at entry ${index}`,
    `  recorded   ${recorded ? describeEntry(recorded) : "the end of the step"}   (component ${shortDigest(subject.recorded.component)}, host ${subject.recorded.host})`,
    `  attempted  ${attempted ? describeEntry(attempted) : "the end of the step"}${same ? "" : `   (component ${shortDigest(subject.component)})`}`,
    same
      ? "  The component is the recorded one, so it reads something that is not journaled."
      : "  The component is not the recorded one, and acts otherwise.",
    `  \`planaria oplog '${subject.agent}'\` shows what was recorded before it.`,
  ];
  return new HostError("replay/mismatch", lines.join("\n"), { data: { ...mismatch, agent: subject.agent } });
}
