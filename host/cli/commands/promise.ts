import type { Command } from "commander";
import { promiseId } from "../../base/id.ts";
import { HostError } from "../../base/error.ts";
import { promiseAt } from "../../scheduler/promises.ts";
import { parseValue } from "../call-expression.ts";
import { act, type Context, type Declare } from "../command.ts";
import { addHostOptions, type HostFlags } from "../host-option.ts";
import { reportPromise, type PromiseReport } from "../report.ts";
import { formatFacts } from "../table.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria promise get approval-7
  planaria promise complete approval-7 '{by: "ada"}'
  planaria promise complete approval-7 @approval.json
  planaria promise reject approval-7 "out of stock" --code stock/empty
  planaria promise cancel approval-7`;

const settling = `
The first settlement wins: \`settled\` says whether it was this one. Agents that wait for the promise go on before the
command ends, unless another process has them.
With --json: {id, settled}.`;

const getting = `
With --json: {id, state, value?, error?, createdBy, createdAt, expiresAt, settledAt, settledBy}.`;

export const declarePromise: Declare = (program, terminal) => {
  const promise = program
    .command("promise")
    .description("look at a durable promise, or settle it from outside")
    .addHelpText("after", examples);
  const declare = (name: string, description: string): Command =>
    promise.command(name).description(description).argument("<id>", "the id of the promise");
  const finish = (command: Command, help: string, action: (...given: unknown[]) => Promise<void>) =>
    command.addHelpText("after", `${examples}\n${help}`).action(action);
  const declareSettling = (name: string, description: string) => addHostOptions(declare(name, description));

  finish(declare("get", "show the state of a promise"), getting, act(terminal, get));
  finish(
    declareSettling("complete", "resolve a promise with a value").argument(
      "[value]",
      "a literal, or @file for the JSON in a file",
      "null",
    ),
    settling,
    act(terminal, complete),
  );
  finish(
    declareSettling("reject", "reject a promise with an error")
      .argument("<message>", "what went wrong")
      .option("--code <code>", "the code of the error"),
    settling,
    act(terminal, reject),
  );
  finish(declareSettling("cancel", "cancel a promise"), settling, act(terminal, cancel));
};

async function get({ output, openStore, terminal }: Context, _: object, id: string): Promise<void> {
  await using store = await openStore("read");
  const row = await store.promise(promiseId(id));
  if (!row) {
    throw new HostError("promise/unknown", `There is no promise ${JSON.stringify(id)} in ${store.url}`, {
      data: { id },
    });
  }
  output.result(reportPromise(promiseAt(row, terminal.now())), formatPromise);
}

function complete(context: Context, flags: HostFlags, id: string, text: string): Promise<void> {
  return settle(context, flags, id, "resolved", parseValue(text, context.terminal.readText));
}

interface RejectOptions extends HostFlags {
  code?: string;
}

function reject(context: Context, { code, ...flags }: RejectOptions, id: string, message: string): Promise<void> {
  return settle(context, flags, id, "rejected", JSON.stringify({ name: "Error", message, code }));
}

function cancel(context: Context, flags: HostFlags, id: string): Promise<void> {
  return settle(context, flags, id, "canceled", null);
}

/** The first settlement wins; that another was first is told, and is no error. */
async function settle(
  context: Context,
  flags: HostFlags,
  id: string,
  state: "resolved" | "rejected" | "canceled",
  payload: string | null,
): Promise<void> {
  await withHost(context, flags, async ({ host }) => {
    const settled = await host.settlePromise(promiseId(id), state, payload);
    context.output.result({ id, settled }, () => (settled ? `${id} is ${state}` : `${id} was settled before`));
  });
}

function formatPromise({ id, state, value, error, createdBy, createdAt, ...report }: PromiseReport): string {
  const facts: [string, string][] = [
    ["promise", id],
    ["state", state],
  ];
  if (state === "resolved") facts.push(["value", JSON.stringify(value)]);
  if (state === "rejected") facts.push(["error", JSON.stringify(error)]);
  facts.push(["created", `${createdAt}${createdBy === null ? "" : ` by ${createdBy}`}`]);
  if (report.expiresAt !== null && report.settledAt === null) facts.push(["times out", report.expiresAt]);
  if (report.settledAt !== null) {
    facts.push(["settled", `${report.settledAt}${report.settledBy === null ? "" : ` by ${report.settledBy}`}`]);
  }
  return formatFacts(facts);
}
