// `planaria/guest`: what guests are written with.

export { agent, type AgentType, type Calls, type Client, type Triggers } from "./agent.ts";
export type { Call, Triggered } from "./call.ts";
export { hasCode, PlanariaError } from "./failure.ts";
export { fork, type Fork } from "./fork.ts";
export { self, signal } from "./invocation.ts";
export * as log from "./log.ts";
export * as promise from "./promise.ts";
export * as random from "./random.ts";
export { rpc, type CallOptions } from "./rpc.ts";
export { run } from "./run.ts";
export { now, sleep } from "./time.ts";
