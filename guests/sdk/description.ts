/** A parameter as its author wrote it; `type` is TypeScript text. */
export interface Param {
  name: string;
  type: string | null;
  optional?: boolean;
}

/** What a component offers. `params` and `methods` are null where they are not known. */
export interface Description {
  sdk: string;
  agents: { name: string; params: Param[] | null; methods: { name: string; params: Param[] | null }[] | null }[];
  functions: { name: string; params: Param[] | null }[];
}

export const sdkVersion = "0.1.0";

/** Describes what really is exported, with what is known of it from its source. */
export function describeExports(
  agents: Iterable<string>,
  functions: Iterable<string>,
  source: Description | undefined,
): Description {
  return {
    sdk: sdkVersion,
    agents: Array.from(
      agents,
      (name) => source?.agents.find((known) => known.name === name) ?? { name, params: null, methods: null },
    ),
    functions: Array.from(
      functions,
      (name) => source?.functions.find((known) => known.name === name) ?? { name, params: null },
    ),
  };
}
