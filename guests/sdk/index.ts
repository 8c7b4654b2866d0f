// `planaria/guest`: what guests are written with.

export { agent, remote, type AgentType, type Calls, type Client, type Triggers } from "./agent.ts";
export type { CallOptions } from "./call-options.ts";
export type { Call, Triggered } from "./call.ts";
export { hasCode, PlanariaError } from "./failure.ts";
export type { FetchOptions } from "./fetch-options.ts";
export { fork, type Fork } from "./fork.ts";
export { self, signal } from "./invocation.ts";
export { chunks, joinSettled, mapLimit, tryJoin, type Settled } from "./join.ts";
export * as log from "./log.ts";
export * as promise from "./promise.ts";
export * as random from "./random.ts";
export { retry } from "./retrying.ts";
export type { RetryOptions } from "./retry.ts";
export { rpc, type DeleteOptions } from "./rpc.ts";
export { run } from "./run.ts";
export { now, sleep } from "./time.ts";
