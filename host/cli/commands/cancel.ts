import { formatAgentName } from "../../agent/agent-name.ts";
import { HostError } from "../../base/error.ts";
import { functionAgentId, invocationKey, type AgentId, type InvocationKey } from "../../base/id.ts";
import type { InvocationRow, Store } from "../../store/store.ts";
import { parseAgent, parseCall, parseCalleeName, type ReadText } from "../call-expression.ts";
import { findStoredCallee } from "../component-world.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findNearest } from "../../base/nearest.ts";
import { addHostOptions, type HostFlags } from "../host-option.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria cancel 'counter("c1")' gift
  planaria cancel 'enrichBatch(["a","b"])' batch-7
  planaria cancel 'enrichBatch[4f1c8a52-0c1e-5b7e-9a53-2f0d8c6b1e77]' batch-7

The invocation is named by its agent, or by the call that began it, and its key. One that has not begun never does, and
fails with rpc/canceled. One that runs is told: its signal is aborted, and it may still return a value. An agent of another
process is told by that process.
With --json: {agent, key, canceled}; canceled is false for one that had ended before.`;

export const declareCancel: Declare = (program, terminal) => {
  const command = program
    .command("cancel")
    .description("give up an invocation that has not ended")
    .argument("<agent>", "such as 'counter(\"c1\")', or a call such as 'enrichOne(\"x\")'")
    .argument("<key>", "its key, as --key gave it, or as `planaria inspect` shows it");
  addHostOptions(command).addHelpText("after", examples).action(act(terminal, cancel));
};

async function cancel(context: Context, flags: HostFlags, text: string, key: string): Promise<void> {
  const { agent } = await findInvocation(context, text, invocationKey(key));
  await withHost(context, flags, async ({ host }) => {
    const canceled = await host.cancel({ agent, key: invocationKey(key) });
    context.output.result({ agent, key, canceled }, () =>
      canceled ? `canceled ${key} of ${agent}` : `${key} of ${agent} had ended before`,
    );
  });
}

/** Errors: HostError `call/syntax`, `call/file`, `invocation/unknown`. */
async function findInvocation(
  { openStore, terminal }: Context,
  text: string,
  key: InvocationKey,
): Promise<InvocationRow> {
  await using store = await openStore("read");
  const agents = await listCallees(store, text, key, terminal.readText);
  for (const agent of agents) {
    const row = await store.invocation(agent, key);
    if (row) return row;
  }
  const nearest = await findNearestKey(store, agents, key);
  const hint =
    nearest === undefined ? "`planaria inspect AGENT` shows those that there are." : `Did you mean ${nearest}?`;
  throw new HostError(
    "invocation/unknown",
    `There is no invocation of ${agents.at(-1)} with the key ${JSON.stringify(key)} in ${store.url}\n  ${hint}`,
    { data: { agents, key } },
  );
}

/** The agents that may be meant: `f("x")` is an agent of a type f, or the one that carries this call of a function f. */
async function listCallees(store: Store, text: string, key: InvocationKey, readText: ReadText): Promise<AgentId[]> {
  if (/\)\s*$/.test(text)) {
    const { typed, function: name } = await findStoredCallee(store, parseCalleeName(text));
    const { callee } = parseCall(text, readText, { typed });
    if ("agent" in callee) return [formatAgentName(callee.agent)];
    if (name !== null) return [functionAgentId(name, key)];
    return [formatAgentName(parseAgent(text, readText)), functionAgentId(callee.function, key)];
  }
  return [formatAgentName(parseAgent(text, readText))];
}

async function findNearestKey(store: Store, agents: readonly AgentId[], key: string): Promise<string | undefined> {
  const rows = (await Promise.all(agents.map((agent) => store.queue(agent)))).flat();
  return findNearest(
    key,
    rows.map((row) => row.key),
  );
}
