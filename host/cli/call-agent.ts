import { mapStack } from "../../build/source-map.ts";
import { formatAgentName } from "../agent/agent-name.ts";
import type { Digest } from "../base/id.ts";
import type { Host } from "../scheduler/host.ts";
import { parseCall, type Call } from "./call-expression.ts";
import type { Context } from "./command.ts";
import { guestFailure } from "./guest-failure.ts";

export interface CallOptions {
  key?: string;
  /** The component to take new agents from. */
  component?: { digest: Digest; bytes: Uint8Array };
}

/**
 * Makes one call and prints what it returned.
 *
 * Errors: HostError `invocation/failed`, and those of `Host.call`.
 */
export async function callAgent(
  context: Context,
  host: Host,
  call: Call,
  { key, component }: CallOptions,
): Promise<void> {
  const callee =
    "function" in call.callee ? call.callee : { agent: formatAgentName(call.callee.agent), method: call.callee.method };
  const ref = await host.call({
    callee,
    args: call.args,
    ...(key && { key }),
    ...(component && { component: component.digest }),
  });
  const outcome = await host.result(ref);
  if ("error" in outcome) {
    const name = "function" in callee ? callee.function : `${callee.agent}.${callee.method}`;
    throw guestFailure(name, outcome.error, (stack) => (component ? mapStack(component.bytes, stack) : stack));
  }
  context.output.result(JSON.parse(outcome.value) as unknown, formatValue);
}

/** Reads the call of a command line. */
export function readCall({ terminal }: Context, text: string): Call {
  return parseCall(text, terminal.readText);
}

/** A value as JSON: on one line if that is short, else spread out. */
function formatValue(value: unknown): string {
  const line = JSON.stringify(value);
  return line.length <= 80 ? line : JSON.stringify(value, null, 2);
}
