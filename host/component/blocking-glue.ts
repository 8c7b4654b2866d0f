import { HostError } from "../base/error.ts";

/** Changes whenever `patchGlue` gives another result, so that no cache outlives it. */
export const patchGlueVersion = 3;

/** How many handles of one kind a guest may hold: each is an object of the host's. */
const mostHandles = 65_536;

/** Under which name the glue looks for a function that is told the tables. */
export const tablesKey = "planaria:tables";

/**
 * Makes jco's glue fit for guests that block.
 *
 * Under JSPI jco 1.35 leaves two kinds of exports as they are although they await: constructors, which become a static
 * `$new`, and static functions of resources. The tables of the guest's handles, which are state that a snapshot has to
 * hold, are told to `imports[tablesKey]`. And no resource of the guest is dropped when the host's garbage is collected,
 * for that is no moment that could be replayed. An import that throws ends the guest, which jco would let wait for ever;
 * so does one handle more than there may be.
 * Errors: HostError `component/unreadable` if the glue does not look as it should.
 */
export function patchGlue(glue: string): string {
  const tables = [...glue.matchAll(/^\s*const handleTable(\d+) = \[T_FLAG, 0\];$/gm)].map(([, index]) => {
    const captured = glue.includes(`const captureTable${index}= `)
      ? `captured: captureTable${index}, get count() { return captureCnt${index}; }, set count(n) { captureCnt${index} = n; }`
      : "captured: null, count: 0";
    return `{ handles: handleTable${index}, ${captured} }`;
  });
  const end = /\n( *return \{[^\n]*\};\n *\}\)\(\);)/;
  if (!end.test(glue)) {
    throw new HostError("component/unreadable", "The glue that jco wrote has no end where one is expected.");
  }
  return glue
    .replace(/^(\s*class [\w$]+\{\s*)constructor\(/gm, "$1static async $new(")
    .replace(/^(\s*[\w$]+\.[\w$]+ = )function /gm, "$1async function ")
    .replace("function rscTableCreateOwn(table, rep) {", (head) => `${head}\n${checkHandles}`)
    .replace("new FinalizationRegistry(unregister)", "{ register() {}, unregister() {} }")
    .replace(/(CallInterface\] error during async call[^]*?)return task\.completionPromise\(\);/g, "$1throw err;")
    .replace(end, `\nimports["${tablesKey}"]?.([${tables.join(", ")}]);\n$1`);
}

/** A table has two numbers for each handle. */
const checkHandles = `if (table.length > ${2 * mostHandles}) throw new WebAssembly.RuntimeError("more than ${mostHandles} handles of one kind of resource");`;

/** A table of the handles that a guest holds of one kind of resource. */
export interface HandleTable {
  /** Two numbers for each handle, and a list of free places, as jco keeps them. */
  handles: number[] & { _createdReps?: Set<number> };
  /** The host's objects behind handles; null: of a resource that the guest defines itself. */
  captured: Map<number, object> | null;
  /** How many objects there have been. */
  count: number;
}
