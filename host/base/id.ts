import { hash } from "node:crypto";

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `type(params)` of an agent, `…[phantom]` of a fork, `function[phantom]` of a function's one call. */
export type AgentId = Branded<string, "AgentId">;
/** SHA-256 of a component's bytes: 64 hexadecimal digits. */
export type Digest = Branded<string, "Digest">;
export type PromiseId = Branded<string, "PromiseId">;
/** Idempotency key of an invocation: unique for the agent it calls. */
export type InvocationKey = Branded<string, "InvocationKey">;
/** One host process, from its start to its end. */
export type NodeId = Branded<string, "NodeId">;

export const agentId = (text: string) => text as AgentId;
export const promiseId = (text: string) => text as PromiseId;
export const invocationKey = (text: string) => text as InvocationKey;
export const nodeId = (text: string) => text as NodeId;

/** The digest of a component's bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return hash("sha256", bytes) as Digest;
}

/** A digest as people read it: `sha256:9c1e52ab`. */
export function shortDigest(digest: Digest): string {
  return `sha256:${digest.slice(0, 8)}`;
}

const planariaNamespace = Buffer.from("7c1f0d5e4b8a5c4f9b1e2f6a3d907e41", "hex");

/**
 * The same name always gives the same UUID.
 *
 * Source: RFC 9562, section 5.5 (version 5, SHA-1).
 */
export function uuidV5(name: string): string {
  const bytes = Buffer.from(hash("sha1", Buffer.concat([planariaNamespace, Buffer.from(name)]), "hex"), "hex");
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The identity of a call that an agent makes: who called, and under which operation number. */
export function callKey(caller: AgentId, operation: number): InvocationKey {
  return invocationKey(`${caller}#${operation}`);
}

/** The id of the fork that an agent's operation makes; a crash in the midst of forking derives the same one again. */
export function forkId(parent: AgentId, operation: number): AgentId {
  return agentId(`${parent.replace(/\[[^[\]]*\]$/, "")}[${uuidV5(`fork ${parent}#${operation}`)}]`);
}

/** The id of the agent that carries one call of a function. */
export function functionAgentId(name: string, key: InvocationKey): AgentId {
  return agentId(`${name}[${uuidV5(`function ${name} ${key}`)}]`);
}

/** The id of a promise that was created without a name of its own. */
export function derivedPromiseId(creator: AgentId, operation: number): PromiseId {
  return promiseId(uuidV5(`promise ${creator}#${operation}`));
}
