import { CommanderError } from "commander";
import { isHostError } from "../base/error.ts";

/** What `planaria` exits with. README.md shows the same table. */
export const exitCode = {
  ok: 0,
  /** The invocation failed: its error is printed. */
  failed: 1,
  /** The command line, or a call on it, cannot be understood. */
  usage: 2,
  /** The guest does not build, or the component is not one that Planaria can run. */
  component: 3,
  /** The store is missing, damaged, full, busy or in other hands. */
  store: 4,
  /** A replay left its recorded path. */
  replay: 5,
  /** The Node that runs it is too old (EX_UNAVAILABLE of sysexits.h). */
  wrongNode: 69,
  /** A defect of Planaria (EX_SOFTWARE of sysexits.h). */
  internal: 70,
  /** Interrupted by Ctrl-C. Nothing durable is lost. */
  interrupted: 130,
  /** The same by SIGTERM. */
  terminated: 143,
} as const;

const byCode: Record<string, number> = {
  "agent/elsewhere": exitCode.store,
  "agent/name": exitCode.usage,
  "base/invariant": exitCode.internal,
  "cli/interrupted": exitCode.interrupted,
  "component/bad-setting": exitCode.usage,
  // A component that the store has not got is like an agent that it has not got.
  "component/unknown": exitCode.failed,
  "http/bad-host": exitCode.usage,
  "node/name-taken": exitCode.store,
  "replay/other-component": exitCode.usage,
  "rpc/bad-option": exitCode.usage,
  "rpc/bad-target": exitCode.usage,
  "snapshot/memory-cap": exitCode.usage,
};

const byRoom: Record<string, number> = {
  build: exitCode.component,
  call: exitCode.usage,
  cli: exitCode.usage,
  component: exitCode.component,
  golden: exitCode.usage,
  oplog: exitCode.store,
  replay: exitCode.replay,
  snapshot: exitCode.store,
  store: exitCode.store,
};

/** The exit code for an error, by its code, else by the room of its code. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  if (!isHostError(error)) return exitCode.internal;
  if (error.code === "cli/interrupted" && error.data["signal"] === "SIGTERM") return exitCode.terminated;
  return byCode[error.code] ?? byRoom[error.code.split("/", 1)[0]!] ?? exitCode.failed;
}
