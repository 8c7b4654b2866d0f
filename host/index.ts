/**
 * `planaria`: the embeddable host.
 *
 * ```ts
 * import { openHost, openSqliteStore } from "planaria";
 *
 * await using store = await openSqliteStore({ file: "agents.db", now: Date.now });
 * await using host = await openHost({ store });
 * const { digest } = await host.addComponent(await readFile("counter.wasm"), "counter");
 * const callee = { agent: 'counter("c1")', method: "add" };
 * const outcome = await host.execute({ component: digest, callee, args: "[2]" }); // { value: "2" } or { error: "…" }, JSON text
 * ```
 */
export { HostError, isHostError } from "./base/error.ts";
export {
  agentId,
  invocationKey,
  promiseId,
  shortDigest,
  type AgentId,
  type Digest,
  type InvocationKey,
  type PromiseId,
} from "./base/id.ts";
export type { Clock, Http, HttpRequest, HttpResponse, Random } from "./base/port.ts";
export type { Description } from "./component/description.ts";
export type { ComponentSettings, SaidSettings } from "./component/settings.ts";
export { oplogFormat, type Entry, type EntryKind, type Outcome } from "./oplog/entry.ts";
export { decodeStep } from "./oplog/codec.ts";
export { describeEntry } from "./oplog/describe.ts";
export { openHost, type OpenHostOptions } from "./open-host.ts";
export type { CallRequest, ComponentReport, Host, Inspection, InvocationRef, LogLine } from "./scheduler/host.ts";
export type { Membership } from "./scheduler/group.ts";
export type { AgentRow, AgentState, InvocationRow, OperationRow, PromiseRow, StepRow, Store } from "./store/store.ts";
export { openMemoryStore } from "./store/memory-store.ts";
export { openSqliteStore } from "./store/sqlite-store.ts";
export { version } from "./system/version.ts";
