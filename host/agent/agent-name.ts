import { agentId, type AgentId } from "../base/id.ts";
import { HostError } from "../base/error.ts";
import { functionPattern } from "../wit/name.ts";

/** The parts of an agent's id. `params` is JSON array text; null for the one call of a function. */
export interface AgentName {
  type: string;
  params: string | null;
  /** The UUID of a fork, or of a function's one call. */
  phantom: string | null;
}

const uuid = String.raw`\[(?<phantom>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\]`;
const agentShape = new RegExp(
  String.raw`^(?<type>[\p{ID_Start}$_][\p{ID_Continue}$]*)(?:\((?<params>.*)\))?(?:${uuid})?$`,
  "su",
);
/** A component's functions have names of their own: `docs:adder/add@0.1.0#add[uuid]`. */
const callShape = new RegExp(`^(?<type>${functionPattern})${uuid}$`, "u");

/** An id is a key of many rows; who needs more than that for it, has data in mind that belongs into arguments. */
const limit = 4_096;

/**
 * Takes an agent's id apart: `counter("c1")`, `counter("c1")[uuid]`, `enrichOne[uuid]`,
 * `docs:adder/add@0.1.0#add[uuid]`.
 *
 * The parameters are strict JSON; they come back canonical, as `JSON.stringify` writes them, so that every way to write
 * them names the same agent.
 * Errors: HostError `agent/name`.
 */
export function parseAgentName(text: string): AgentName {
  if (text.length > limit) throw unreadable(text, `it is longer than ${limit} characters`);
  const parts = (agentShape.exec(text) ?? callShape.exec(text))?.groups;
  if (!parts) throw unreadable(text, "it does not have the form type(params), type(params)[uuid] or function[uuid]");
  const { type, params, phantom = null } = parts as { type: string; params?: string; phantom?: string };
  if (params === undefined && phantom === null) throw unreadable(text, "its parameters are missing");
  return { type, params: params === undefined ? null : canonical(text, params), phantom };
}

/** Writes an agent's id; `params` must be canonical, as `parseAgentName` gives it. */
export function formatAgentName({ type, params, phantom }: AgentName): AgentId {
  return agentId(type + (params === null ? "" : `(${params.slice(1, -1)})`) + (phantom === null ? "" : `[${phantom}]`));
}

/** The one way to write an agent's id; a text that names no agent stays as it is. */
export function canonicalAgentId(text: string): AgentId {
  try {
    return formatAgentName(parseAgentName(text));
  } catch {
    return agentId(text);
  }
}

function canonical(text: string, params: string): string {
  try {
    return JSON.stringify(JSON.parse(`[${params}]`));
  } catch (cause) {
    throw unreadable(text, "its parameters are not JSON values, separated by commas", cause);
  }
}

function unreadable(text: string, why: string, cause?: unknown): HostError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new HostError(
    "agent/name",
    `${JSON.stringify(shown)} names no agent: ${why}. An agent is named like counter("c1").`,
    { data: { text, why }, cause },
  );
}
