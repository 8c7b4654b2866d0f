import type { Entry, Outcome } from "./entry.ts";

/** How long a payload may be before it is cut, in characters. */
const payloadLimit = 96;

/** An entry as one line for people, in the words of the interface that it came through: `promise.await("order-42")`. */
export function describeEntry(entry: Entry): string {
  switch (entry.kind) {
    case "created":
      return `created ${entry.agent}`;
    case "forked":
      return `forked from ${entry.parent} by ${entry.operation === 0 ? "somebody outside" : `its operation ${entry.operation}`}`;
    case "stepped":
      return `step at ${new Date(entry.at).toISOString()}`;
    case "invoked":
      return `invoked ${entry.method}(${cutPayload(entry.args.slice(1, -1))})`;
    case "delivered":
      return `#${entry.operation} ${outcome(entry.outcome)}`;
    case "cancel-requested":
      return `asked to cancel invocation ${entry.invocation}`;
    case "abandoned":
      return `abandoned invocation ${entry.invocation}`;
    case "rpc-started": {
      const callee =
        "function" in entry.callee ? entry.callee.function : `${entry.callee.agent}.${entry.callee.method}`;
      const options = [
        entry.mode === "triggered" && " triggered",
        entry.at !== undefined && ` at ${new Date(entry.at).toISOString()}`,
        entry.target !== undefined && ` on ${entry.target}`,
        entry.timeoutMs !== undefined && ` timeout ${entry.timeoutMs} ms`,
        entry.retry && ` up to ${entry.retry.attempts} times`,
      ];
      return `#${entry.operation} rpc ${callee}(${cutPayload(entry.args.slice(1, -1))})${options.filter(Boolean).join("")}`;
    }
    case "delete-started":
      return `#${entry.operation} rpc.delete-agent(${JSON.stringify(entry.agent)})${entry.tree ? " with its tree" : ""}`;
    case "fetch-started": {
      const options = [
        entry.redirect !== "follow" && ` redirect ${entry.redirect}`,
        entry.timeoutMs !== undefined && ` timeout ${entry.timeoutMs} ms`,
        entry.retry && ` up to ${entry.retry.attempts} times`,
      ];
      return `#${entry.operation} http.fetch ${entry.method} ${cutPayload(entry.url)}${options.filter(Boolean).join("")}`;
    }
    case "promise-created":
      return `#${entry.operation} promise.create(${JSON.stringify(entry.id)})${entry.timeoutMs === undefined ? "" : ` timeout ${entry.timeoutMs} ms`}`;
    case "promise-awaited":
      return `#${entry.operation} promise.await(${JSON.stringify(entry.id)})`;
    case "promise-settled":
      return `#${entry.operation} promise.${{ resolved: "complete", rejected: "reject", canceled: "cancel" }[entry.as]}(${JSON.stringify(entry.id)}${entry.payload === undefined ? "" : `, ${cutPayload(entry.payload)}`})`;
    case "fork-started":
      return `#${entry.operation} fork.fork()`;
    case "sleep-started":
      return `#${entry.operation} time.sleep(${entry.spanMs} ms)`;
    case "operation-canceled":
      return `operation.cancel(#${entry.operation})`;
    case "random-drawn":
      return `random.bytes → ${cutPayload(entry.bytes)}`;
    case "observed":
      return `looked at ${entry.what} → ${cutPayload(entry.answer)}`;
    case "logged":
      return `log.${entry.level} ${cutPayload(entry.message)}`;
    case "run-started":
      return `#${entry.operation} run ${entry.name}(${cutPayload(entry.args.slice(1, -1))})`;
    case "run-finished":
      return `#${entry.operation} run finished ${outcome(entry.outcome)}`;
    case "finished":
      return `finished ${outcome(entry.outcome)}`;
    case "trapped":
      return `trapped ${cutPayload(entry.error)}`;
  }
}

function outcome(of: Outcome): string {
  return "value" in of ? `→ ${cutPayload(of.value)}` : `✗ ${cutPayload(of.error)}`;
}

/** A payload for people: cut short, with its length. */
export function cutPayload(text: string): string {
  return text.length <= payloadLimit ? text : `${text.slice(0, payloadLimit)}… (${text.length} characters)`;
}
