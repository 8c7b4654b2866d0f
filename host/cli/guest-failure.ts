import { HostError } from "../base/error.ts";

/** How an error looks that a guest threw, as the guest wrote it down. Anything may be missing: guests are strangers. */
interface Failure {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  stack?: unknown;
  cause?: unknown;
}

/** What a user can do about failures that the host causes. */
const hints: Record<string, string> = {
  "guest/memory-cap": "--memory-cap says how far memory may grow.",
  "guest/step-timeout": "--step-timeout gives a step more time.",
};

/** Causes deeper than this are of no help. */
const maxCauses = 8;

/**
 * The error `invocation/failed` for a failure that a guest gave as JSON text.
 *
 * Shape: `mapStack` turns a stack of the component into one of the guest's sources. `data` has the failure as it came,
 *        and as `stacks` those of it and its causes, in the guest's sources.
 */
export async function guestFailure(
  call: string,
  json: string,
  mapStack: (stack: string) => Promise<string>,
): Promise<HostError> {
  const failure = JSON.parse(json) as Failure;
  const chain = listCauses(failure);
  const stacks = await Promise.all(
    chain.map(async ({ stack }) => (typeof stack === "string" ? toLines(await mapStack(stack)) : [])),
  );
  const lines = chain.flatMap((each, depth) => [
    `${depth === 0 ? "" : "caused by "}${headline(each)}`,
    ...stacks[depth]!,
  ]);
  const hint = hints[String(chain[0]?.code)];
  if (hint !== undefined) lines.push(hint);
  const message = [`${call} failed`, ...lines.map((line) => `  ${line}`)].join("\n");
  return new HostError("invocation/failed", message, {
    data: { failure, stacks: stacks.map((stack) => stack.join("\n")) },
  });
}

function listCauses(failure: Failure): Failure[] {
  const chain: Failure[] = [];
  for (let next: unknown = failure; chain.length < maxCauses; next = (next as Failure).cause) {
    if (typeof next !== "object" || next === null) break;
    chain.push(next);
  }
  return chain;
}

/** The lines of a stack, without what called the guest's own code. */
function toLines(stack: string): string[] {
  const lines = stack.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(0, lines.findLastIndex((line) => !line.endsWith("(native)")) + 1);
}

function headline({ name, message, code }: Failure): string {
  const shown = typeof code === "string" ? ` [${code}]` : "";
  const said = typeof message === "string" && message !== "" ? message : "no message";
  return `${typeof name === "string" ? name : "Error"}${shown}: ${said}`;
}
