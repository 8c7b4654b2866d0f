import { basename } from "node:path";
import * as v from "valibot";
import { HostError } from "../base/error.ts";

const name = v.pipe(v.string(), v.nonEmpty());

const paramSchema = v.object({ name, type: v.nullable(v.string()), optional: v.exactOptional(v.boolean()) });

/** `null` stands for what the guest does not know of itself. */
const params = v.nullable(v.array(paramSchema));

const methodSchema = v.object({ name, params: v.array(paramSchema) });

const descriptionSchema = v.object({
  sdk: v.string(),
  agents: v.array(v.object({ name, params, methods: v.nullable(v.array(methodSchema)) })),
  functions: v.array(v.object({ name, params })),
});

/** What a component offers, in its own words (`describe` of wit/guest.wit). */
export type Description = v.InferOutput<typeof descriptionSchema>;

/** Who describes a component of world `blocking`: its types do. */
export const witSdk = "wit";

/**
 * The description of a component that was added under a name.
 *
 * One of world `blocking` has one type of agent, of that name as an identifier: `any.component.wasm` is `any`.
 */
export function nameDescription(text: string, called: string): string {
  const description = parseDescription(text);
  if (description.sdk !== witSdk) return text;
  const [stem] = basename(called).split(".");
  const word = stem!.replace(/[^\p{ID_Continue}]+(.?)/gu, (_, next: string) => next.toUpperCase());
  const identifier = /^\p{ID_Start}/u.test(word) ? word : `component${word}`;
  const isTaken = description.functions.some((each) => each.name === identifier);
  const type = isTaken ? `${identifier}Component` : identifier;
  return JSON.stringify({ ...description, agents: description.agents.map((each) => ({ ...each, name: type })) });
}

/**
 * Reads the description that a guest gave.
 *
 * Fields that this host does not know are dropped, so that a newer SDK may say more.
 * Errors: HostError `component/description`, which lists what is wrong.
 */
export function parseDescription(text: string): Description {
  const result = v.safeParse(descriptionSchema, parseJson(text));
  if (!result.success)
    throw refuse(
      text,
      result.issues.map((issue) => `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`),
    );
  const { agents, functions } = result.output;
  const names = [...agents, ...functions].map((each) => each.name);
  const twice = names.filter((each, index) => names.indexOf(each) !== index);
  if (twice.length > 0) throw refuse(text, [`${twice.join(", ")}: the name is given twice`]);
  return result.output;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(text, ["it is not JSON"], cause);
  }
}

function refuse(text: string, problems: string[], cause?: unknown): HostError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new HostError(
    "component/description",
    `The component describes itself in words that this host does not understand:\n  ${problems.join("\n  ")}\n  It said ${shown}`,
    { data: { problems, text }, cause },
  );
}
