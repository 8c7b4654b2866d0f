import { HostError, isHostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Entry, EntryOf } from "../oplog/entry.ts";
import { parseAgentName } from "./agent-name.ts";

/** The entries that enter a guest. */
export type Input = EntryOf<"invoked" | "delivered" | "cancel-requested" | "abandoned">;

/** The two exports that a step goes through. */
export interface Entrance {
  invoke(json: string): Promise<void>;
  deliver(json: string): Promise<void>;
}

export function isInput(entry: Entry): entry is Input {
  return (
    entry.kind === "invoked" ||
    entry.kind === "delivered" ||
    entry.kind === "cancel-requested" ||
    entry.kind === "abandoned"
  );
}

/** Takes the inputs of the next step off the mailbox: an invocation alone, or all events before the next one. */
export function takeInputs(mailbox: Input[]): Input[] {
  const next = mailbox.findIndex(({ kind }) => kind === "invoked");
  return mailbox.splice(0, next === -1 ? mailbox.length : Math.max(next, 1));
}

/** Enters the guest; it comes back with an empty stack, or the promise rejects because it trapped. */
export function enterGuest(guest: Entrance, agent: AgentId, inputs: readonly Input[]): Promise<void> {
  const [first] = inputs;
  return first?.kind === "invoked"
    ? guest.invoke(invocationJson(agent, first))
    : guest.deliver(`[${inputs.map(eventJson).join(",")}]`);
}

/** As wit/guest.wit has it; the payloads are JSON text already. */
function invocationJson(agent: AgentId, { invocation, key, method, args }: EntryOf<"invoked">): string {
  const { type, params } = parseAgentName(agent);
  const head = `{"invocation":${invocation},"key":${JSON.stringify(key)},"id":${JSON.stringify(agent)}`;
  return params === null
    ? `${head},"function":${JSON.stringify(type)},"args":${args}}`
    : `${head},"agent":${JSON.stringify(type)},"params":${params},"method":${JSON.stringify(method)},"args":${args}}`;
}

function eventJson(input: Input): string {
  switch (input.kind) {
    case "delivered": {
      const { operation, outcome } = input;
      return "value" in outcome
        ? `{"operation":${operation},"value":${outcome.value}}`
        : `{"operation":${operation},"error":${outcome.error}}`;
    }
    case "cancel-requested":
      return `{"cancel":${input.invocation}}`;
    case "abandoned":
      return `{"abandon":${input.invocation}}`;
    case "invoked":
      throw new HostError("base/invariant", "An invocation enters the guest alone.");
  }
}

/** How large a guest's memory is, and what it may grow to. */
export interface MemoryUse {
  sizeBytes: number;
  capBytes: number;
}

/**
 * What ended a step, as JSON text of a failure: an exception out of the guest's Wasm code, or out of an import.
 *
 * Guests that can't get more memory abort, which looks like any other trap; the size of the memory tells them apart.
 * `undone`: what it took with it.
 */
export function trapFailure(error: unknown, memory: MemoryUse | null, undone: "step" | "invocation" = "step"): string {
  if (isHostError(error)) return JSON.stringify({ name: "GuestError", code: error.code, message: error.message });
  const message = error instanceof Error ? error.message : String(error);
  // Others say that a pointer or a length is out of range.
  if (error instanceof RangeError && /call stack/.test(message)) {
    return JSON.stringify({
      name: "TrapError",
      code: "guest/stack-overflow",
      message: `The guest recursed too deep (${message}). The ${undone} was undone.`,
    });
  }
  if (memory && memory.sizeBytes > memory.capBytes / 2) {
    const [size, cap] = [memory.sizeBytes, memory.capBytes].map(
      (sizeBytes) => `${Math.round(sizeBytes / 2 ** 20)} MiB`,
    );
    return JSON.stringify({
      name: "TrapError",
      code: "guest/memory-cap",
      message: `The guest trapped when its memory had grown to ${size} of the ${cap} that it may have (${message}). The ${undone} was undone.`,
    });
  }
  return JSON.stringify({
    name: "TrapError",
    code: "guest/trap",
    message: `The guest trapped: ${message}. The ${undone} was undone.`,
  });
}
