import { camelCase } from "./spelling.ts";
import type { WitNamed, WitType } from "./type.ts";

/** A field of a record, a case of a variant, enum or result, a flag. */
export interface Member {
  /** As WIT writes it. */
  name: string;
  /** As JavaScript writes it. */
  key: string;
  /** null: it carries nothing. */
  type: WitType | null;
}

interface Members {
  all: readonly Member[];
  /** By either spelling. */
  named: ReadonlyMap<string, Member>;
}

/** A type that is made of named things. */
export type Compound = WitNamed | Extract<WitType, { kind: "result" }>;

const known = new WeakMap<Compound, Members>();

/** What a type is made of. Worked out once for each type: values of it come by the thousand. */
export function membersOf(type: Compound): Members {
  let members = known.get(type);
  if (!members) {
    const all = listMembers(type).map((each) => ({ ...each, key: camelCase(each.name) }));
    const named = new Map([
      ...all.map((each) => [each.key, each] as const),
      ...all.map((each) => [each.name, each] as const),
    ]);
    known.set(type, (members = { all, named }));
  }
  return members;
}

function listMembers(type: Compound): { name: string; type: WitType | null }[] {
  switch (type.kind) {
    case "record":
      return type.fields;
    case "variant":
      return type.cases;
    case "result":
      return [
        { name: "ok", type: type.ok },
        { name: "err", type: type.error },
      ];
    case "enum":
    case "flags":
      return type.names.map((name) => ({ name, type: null }));
  }
}
