// The imports of wit/world.wit as QuickJS gives them to a guest: camel case, u64 as a number, an absent option as null.
// An argument of another type than stated here is a trap, so the SDK checks what comes from its users.

declare module "planaria:host/operation@0.1.0" {
  export interface RetryPolicy {
    attempts: number;
    first: number;
    factor: number;
    most: number;
    jitter: number;
    only: string[];
    never: string[];
  }
  const operation: { cancel(operation: number): void };
  export default operation;
}

declare module "planaria:host/rpc@0.1.0" {
  import type { RetryPolicy } from "planaria:host/operation@0.1.0";
  interface Options {
    mode: "attached" | "triggered";
    at: number | null;
    key: string | null;
    target: string | null;
    timeout: number | null;
    retry: RetryPolicy | null;
  }
  const rpc: {
    callAgent(agent: string, method: string, args: string, options: Options): number;
    callFunction(name: string, args: string, options: Options): number;
    deleteAgent(agent: string, tree: boolean): number;
  };
  export default rpc;
}

declare module "planaria:host/promise@0.1.0" {
  const promise: {
    create(options: { id: string | null; timeout: number | null }): string;
    await(id: string): number;
    complete(id: string, value: string): number;
    reject(id: string, error: string): number;
    cancel(id: string): number;
  };
  export default promise;
}

declare module "planaria:host/fork@0.1.0" {
  const fork: { fork(): number };
  export default fork;
}

declare module "planaria:host/time@0.1.0" {
  const time: { now(): number; sleep(span: number): number };
  export default time;
}

declare module "planaria:host/random@0.1.0" {
  const random: { bytes(count: number): Uint8Array<ArrayBuffer> };
  export default random;
}

declare module "planaria:host/log@0.1.0" {
  const log: { log(level: "debug" | "info" | "warn" | "error", message: string): void };
  export default log;
}

declare module "planaria:host/http@0.1.0" {
  import type { RetryPolicy } from "planaria:host/operation@0.1.0";
  export interface Request {
    method: string;
    url: string;
    headers: [name: string, value: string][];
    body: { tag: "text"; val: string } | { tag: "bytes"; val: Uint8Array } | null;
    redirect: "follow" | "error" | "manual";
    timeout: number | null;
    limit: number | null;
    retry: RetryPolicy | null;
  }
  const http: { fetch(request: Request): number };
  export default http;
}

declare module "planaria:host/run@0.1.0" {
  const run: {
    start(name: string, args: string): number;
    finish(operation: number, outcome: { tag: "ok" | "err"; val: string }): void;
  };
  export default run;
}

declare module "planaria:host/invocation@0.1.0" {
  const invocation: { finish(invocation: number, outcome: { tag: "ok" | "err"; val: string }): void };
  export default invocation;
}
