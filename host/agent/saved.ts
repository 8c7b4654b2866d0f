import { HostError } from "../base/error.ts";
import { digestOf } from "../base/id.ts";
import { decodeState, encodeState, type AgentState } from "./state.ts";

/** A snapshot row's manifest holds both halves of an agent: what the host knows of it, and its memory's manifest. */
export function joinManifest(state: AgentState, memory: Uint8Array): { id: string; manifest: Uint8Array } {
  const head = Buffer.from(`${encodeState(state)}\n`);
  const manifest = Buffer.concat([head, memory]);
  return { id: digestOf(manifest), manifest };
}

/** Errors: HostError `snapshot/corrupt` if the row is not what its id says. */
export function splitManifest(row: { id: string; manifest: Uint8Array }): { state: AgentState; memory: Uint8Array } {
  const { manifest } = row;
  if (digestOf(manifest) !== row.id) {
    throw new HostError(
      "snapshot/corrupt",
      `Snapshot ${row.id.slice(0, 8)} is damaged: its manifest does not match its digest.`,
    );
  }
  const end = manifest.indexOf(10);
  return { state: decodeState(Buffer.from(manifest.subarray(0, end)).toString()), memory: manifest.subarray(end + 1) };
}
