import * as v from "valibot";
import { HostError } from "../base/error.ts";
import { checkAllowedHost } from "../http/allow-list.ts";
import type { Environment } from "../oplog/entry.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What an operating system could hand to a program: neither `=` in a name, nor a NUL anywhere. */
const variableName = v.pipe(v.string(), v.regex(/^[^=\0]+$/, "It is no name of an environment variable"));
const word = v.pipe(
  v.string(),
  v.check((text) => !text.includes("\0"), "It holds a NUL character"),
);

/** As a component imports it, with its version or without: `golem:api/host@1.1.0`; `$root`: functions of its world. */
const interfaceName = v.pipe(
  v.string(),
  v.regex(
    /^(?:\$root|(?:[a-z][a-z\d-]*:[a-z][a-z\d-]*\/)?[a-z][a-z\d-]*(?:@\d+\.\d+\.\d+[\w.+-]*)?)$/i,
    "It is no name of an interface, such as docs:adder/add",
  ),
);

/** What the operator lets the agents of a component do, and gives them. What is not said is the default. */
const settingsSchema = v.strictObject({
  /** The hosts that `fetch` may reach: `example.com`, `example.com:8080`, `*.example.com`, or `*` for all. */
  allowedHosts: v.optional(v.array(v.string()), []),
  /** How long a request may take that does not say it by itself. */
  fetchTimeoutMs: v.optional(count, 30_000),
  /** How long the body of a response may be. */
  responseLimitBytes: v.optional(count, 16 * 2 ** 20),
  /** How many calls may lie within each other. */
  depthLimit: v.optional(count, 100),
  /** How many operations an agent may have in flight. */
  inFlightLimit: v.optional(count, 10_000),
  /** How much an agent may hand over at once: arguments, a result, a promise's value, a message, a request. */
  payloadLimitBytes: v.optional(count, 16 * 2 ** 20),
  /** How much one step may journal. */
  stepLimitBytes: v.optional(count, 64 * 2 ** 20),
  /** How many agents there may be that have not ended. */
  agentLimit: v.optional(count, 1_000_000),
  /** The environment variables of agents of world `blocking`. An agent keeps those that it was created with. */
  environment: v.optional(v.record(variableName, word), {}),
  /** The arguments that they see as those of a command. */
  arguments: v.optional(v.array(word), []),
  /** The directories of the host that they see, and under which path. */
  preopens: v.optional(v.array(v.strictObject({ host: word, guest: word })), []),
  /** The text of the ES module that stands in for an interface which the component imports. */
  adapters: v.optional(v.record(interfaceName, v.string()), {}),
});

export type ComponentSettings = v.InferOutput<typeof settingsSchema>;

export const defaultSettings: ComponentSettings = v.parse(settingsSchema, {});

/** Settings as an operator says them: what is left out stays as it is. */
export type SaidSettings = v.InferInput<typeof settingsSchema>;

/** What a new agent is given on its way; undefined if that is nothing. */
export function environmentOf({ environment, preopens, ...settings }: ComponentSettings): Environment | undefined {
  const variables = Object.entries(environment);
  if (variables.length + settings.arguments.length + preopens.length === 0) return undefined;
  return { variables, arguments: settings.arguments, preopens };
}

/** Reads the settings that a store holds. Errors: HostError `store/corrupt`. */
export function parseSettings(text: string): ComponentSettings {
  return v.parse(settingsSchema, parseSaid(text));
}

/**
 * The JSON text of what was said before and of what is said now; `undefined` takes nothing back.
 *
 * Errors: HostError `component/bad-setting`, `http/bad-host`, `store/corrupt`.
 */
export function mergeSettings(text: string, said: SaidSettings): string {
  const news = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const read = v.safeParse(settingsSchema, news);
  if (read.success) read.output.allowedHosts.forEach(checkAllowedHost);
  if (read.success) return JSON.stringify({ ...parseSaid(text), ...news });
  const [issue] = read.issues;
  const name = v.getDotPath(issue) ?? "";
  const known = Object.keys(settingsSchema.entries);
  throw new HostError(
    "component/bad-setting",
    known.includes(name.split(".")[0]!)
      ? `The setting ${name} of a component can't be ${JSON.stringify(issue.input)}: ${issue.message}.`
      : `A component has no setting ${JSON.stringify(name)}; there are ${known.join(", ")}.`,
    { data: { setting: name, value: issue.input } },
  );
}

function parseSaid(text: string): SaidSettings {
  try {
    const said = JSON.parse(text) as SaidSettings;
    v.parse(settingsSchema, said);
    return said;
  } catch (cause) {
    throw new HostError(
      "store/corrupt",
      `The store holds settings of a component that can't be read: ${text.slice(0, 80)}. Restore the file from a backup.`,
      { cause },
    );
  }
}
