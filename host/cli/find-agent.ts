import { formatAgentName } from "../agent/agent-name.ts";
import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { AgentRow, Store } from "../store/store.ts";
import { parseAgent } from "./call-expression.ts";
import { findNearest } from "../base/nearest.ts";
import type { Context } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The agent that an expression on the command line names.
 *
 * Errors: HostError `call/syntax`, `call/file`, `agent/unknown`, which suggests the nearest name there is.
 */
export async function findAgent(store: Store, text: string, terminal: Terminal): Promise<AgentRow> {
  const id = formatAgentName(parseAgent(text, terminal.readText));
  const row = await store.agent(id);
  if (row) return row;
  const nearest = findNearest(
    id,
    (await store.agents({ limit: 1000 })).map((agent) => agent.id),
  );
  const hint = nearest ? `Did you mean ${nearest}?` : "`planaria agents --all` lists them.";
  throw new HostError("agent/unknown", `There is no agent ${id} in ${store.url}\n  ${hint}`, { data: { agent: id } });
}

/** Its id, before a host is opened for it. The errors are the same. */
export async function findAgentId({ openStore, terminal }: Context, text: string): Promise<AgentId> {
  await using store = await openStore("read");
  return (await findAgent(store, text, terminal)).id;
}
