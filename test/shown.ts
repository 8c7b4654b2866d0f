/** Where a table of a document says that a line of it is shown: `file` "name". */
export interface Shown {
  file: string;
  name: string;
}

export const listShown = (text: string): Shown[] =>
  [...text.matchAll(/`(test\/[\w/-]+\.test\.ts)` "([^"]+)"/g)].map(([, file, name]) => ({ file: file!, name: name! }));

/** The lines of tables that say something: neither heads nor rules. */
export const listRows = (text: string): string[] =>
  text.split("\n").filter((line, index, lines) => {
    const isHead = lines[index + 1]?.startsWith("| ---");
    return line.startsWith("| ") && !line.startsWith("| ---") && !isHead;
  });

/** The names that a file gives its tests, those of tables as they are written. */
export const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/(?:\btest\(|\]\)?\(|^\s*)\s*"((?:[^"\\]|\\.)+)"/gm)].map(([, name]) => name!));
