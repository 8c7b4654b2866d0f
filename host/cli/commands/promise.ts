import type { Command } from "commander";
import { promiseId } from "../../base/id.ts";
import { HostError } from "../../base/error.ts";
import type { PromiseRow } from "../../store/store.ts";
import { parseValue } from "../call-expression.ts";
import { act, type Context, type Declare } from "../command.ts";
import { formatFacts, formatTime } from "../table.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria promise get approval-7
  planaria promise complete approval-7 '{by: "ada"}'
  planaria promise complete approval-7 @approval.json
  planaria promise reject approval-7 "out of stock"`;

export const declarePromise: Declare = (program, terminal) => {
  const promise = program
    .command("promise")
    .description("look at a durable promise, or settle it from outside")
    .addHelpText("after", examples);
  const declare = (name: string, description: string): Command =>
    promise
      .command(name)
      .description(description)
      .argument("<id>", "the id of the promise")
      .addHelpText("after", examples);
  declare("get", "show the state of a promise").action(act(terminal, get));
  declare("complete", "resolve a promise with a value")
    .argument("[value]", "a literal, or @file for the JSON in a file", "null")
    .action(act(terminal, complete));
  declare("reject", "reject a promise with an error")
    .argument("<message>", "what went wrong")
    .option("--code <code>", "the code of the error")
    .action(act(terminal, reject));
  declare("cancel", "cancel a promise").action(act(terminal, cancel));
};

async function get({ output, openStoreToRead }: Context, _: object, id: string): Promise<void> {
  await using store = await openStoreToRead();
  const row = await store.promise(promiseId(id));
  if (!row)
    throw new HostError("promise/unknown", `There is no promise ${JSON.stringify(id)} in ${store.url}`, {
      data: { id },
    });
  output.result(row, formatPromise);
}

function complete(context: Context, _: object, id: string, text: string): Promise<void> {
  return settle(context, id, "resolved", parseValue(text, context.terminal.readText));
}

function reject(context: Context, { code }: { code?: string }, id: string, message: string): Promise<void> {
  return settle(context, id, "rejected", JSON.stringify({ name: "Error", message, code }));
}

function cancel(context: Context, _: object, id: string): Promise<void> {
  return settle(context, id, "canceled", null);
}

/** The first settlement wins; that another was first is told, and is no error. */
async function settle(
  context: Context,
  id: string,
  state: "resolved" | "rejected" | "canceled",
  payload: string | null,
): Promise<void> {
  const settled = await withHost(context, (host) => host.settlePromise(promiseId(id), state, payload));
  context.output.result({ id, settled }, () => (settled ? `${id} is ${state}` : `${id} was settled before`));
}

function formatPromise({ id, state, payload, createdBy, createdAt, expiresAt, settledAt }: PromiseRow): string {
  const facts: [string, string][] = [
    ["promise", id],
    ["state", state],
  ];
  if (payload !== null) facts.push([state === "rejected" ? "error" : "value", payload]);
  facts.push(["created", `${formatTime(createdAt)}${createdBy === null ? "" : ` by ${createdBy}`}`]);
  if (expiresAt !== null && settledAt === null) facts.push(["times out", formatTime(expiresAt)]);
  if (settledAt !== null) facts.push(["settled", formatTime(settledAt)]);
  return formatFacts(facts);
}
