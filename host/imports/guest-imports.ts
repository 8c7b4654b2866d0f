import type { WitWorld } from "../wit/type.ts";
import type { HttpRequest } from "./http.ts";
import type { RpcOptions } from "./rpc.ts";

/** A WIT `result<string, string>` as jco hands it over. */
export type GuestResult = { tag: "ok"; val: string } | { tag: "err"; val: string };

/** `retry-policy` of wit/operation.wit. */
export interface GuestRetryPolicy {
  attempts: number;
  first: bigint;
  factor: number;
  most: bigint;
  jitter: number;
  only: string[];
  never: string[];
}

/**
 * What world `agent` imports (see wit/), as jco's glue calls it: interfaces go without their version, functions are in
 * camel case, an absent `option` is `undefined`, and a `u64` is a bigint.
 */
export interface GuestImports {
  "planaria:host/operation": {
    cancel(operation: number): void;
    /** In world `blocking` both give promises, which suspend the guest; in world `agent` they throw. */
    await(operation: number): unknown;
    select(operations: Uint32Array): unknown;
  };
  "planaria:host/rpc": {
    callAgent(agent: string, method: string, args: string, options: RpcOptions): number;
    callFunction(name: string, args: string, options: RpcOptions): number;
    /** Guests that were built before there were trees leave `tree` out. */
    deleteAgent(agent: string, tree?: boolean): number;
  };
  "planaria:host/promise": {
    create(options: { id?: string | undefined; timeout?: bigint | undefined }): string;
    await(id: string): number;
    complete(id: string, value: string): number;
    reject(id: string, error: string): number;
    cancel(id: string): number;
  };
  "planaria:host/fork": { fork(): number };
  "planaria:host/time": { now(): bigint; sleep(span: bigint): number };
  "planaria:host/random": { bytes(count: number): Uint8Array };
  "planaria:host/log": { log(level: "debug" | "info" | "warn" | "error", message: string): void };
  "planaria:host/http": { fetch(request: HttpRequest): number };
  "planaria:host/run": {
    start(name: string, args: string): number;
    finish(operation: number, outcome: GuestResult): void;
  };
  "planaria:host/invocation": { finish(invocation: number, outcome: GuestResult): void };
}

/** The version of the WIT package that this host speaks. */
const witVersion = "0.1.0";

/** The interface that a guest exports. */
export const guestInterface = `planaria:host/guest@${witVersion}`;

/** Whether a component is a guest of world `agent`; every other is one of world `blocking`. */
export const isAgentWorld = ({ exports }: WitWorld): boolean =>
  exports.interfaces.some(({ name }) => name === guestInterface);

const functions: { [I in keyof GuestImports]: readonly (keyof GuestImports[I] & string)[] } = {
  "planaria:host/operation": ["cancel", "await", "select"],
  "planaria:host/rpc": ["callAgent", "callFunction", "deleteAgent"],
  "planaria:host/promise": ["create", "await", "complete", "reject", "cancel"],
  "planaria:host/fork": ["fork"],
  "planaria:host/time": ["now", "sleep"],
  "planaria:host/random": ["bytes"],
  "planaria:host/log": ["log"],
  "planaria:host/http": ["fetch"],
  "planaria:host/run": ["start", "finish"],
  "planaria:host/invocation": ["finish"],
};

/** The interfaces that a guest may import, as a component names them. */
export const importedInterfaces: ReadonlySet<string> = new Set(
  Object.keys(functions).map((name) => `${name}@${witVersion}`),
);

/** The functions of an interface, by the glue's names for both. */
export const functionsOf = new Map<string, readonly string[]>(Object.entries(functions));

/** Imports of which every function calls `refuse` with its name. */
export function makeRefusingImports(refuse: (name: string) => never): GuestImports {
  const entries = Object.entries(functions).map(([name, names]) => [
    name,
    Object.fromEntries(names.map((each) => [each, () => refuse(`${name}#${each}`)])),
  ]);
  return Object.fromEntries(entries) as GuestImports;
}
