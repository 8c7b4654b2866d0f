import type { AgentState } from "../store/store.ts";
import type { Output, Style } from "./output.ts";

const styles: Partial<Record<AgentState, Style>> = {
  created: "green",
  running: "green",
  suspended: "yellow",
  ended: "dim",
  failed: "red",
};

/** An agent's state in its colour. */
export function paintState(state: AgentState, paint: Output["paint"]): string {
  const style = styles[state];
  return style === undefined ? state : paint(style, state);
}
