import { forkOutcome, type AgentState } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";

/**
 * What a guest is to be told next without anybody else's doing: the ends of its runs, of operations that it canceled
 * and of its forks, and that an invocation was given up because a step trapped.
 */
export function readyInputs(state: AgentState): Input[] {
  const inputs: Input[] = [];
  if (state.invocation?.abandoning) inputs.push({ kind: "abandoned", invocation: state.invocation.number });
  for (const [number, operation] of state.inFlight) {
    const outcome = operation.start.kind === "fork-started" ? forkOutcome(state, number, operation) : operation.outcome;
    if (outcome) inputs.push({ kind: "delivered", operation: number, outcome });
  }
  return inputs;
}

/** The inputs that still concern the agent, each once: an outcome may come twice, or for an operation that was canceled. */
export function wantedInputs(state: AgentState, inputs: readonly Input[]): Input[] {
  const delivered = new Set<number>();
  return inputs.filter((input) => {
    switch (input.kind) {
      case "delivered":
        if (!state.inFlight.has(input.operation) || delivered.has(input.operation)) return false;
        delivered.add(input.operation);
        return true;
      case "invoked":
        return state.invocation === null;
      case "cancel-requested":
        return (
          state.invocation?.number === input.invocation &&
          !state.invocation.outcome &&
          !state.invocation.cancelRequested
        );
      case "abandoned":
        return state.invocation?.number === input.invocation && state.invocation.abandoning === true;
    }
  });
}
