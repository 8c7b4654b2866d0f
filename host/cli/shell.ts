const plain = /^[\w.:@%+,/=-]+$/;

/** A text as one word of a command line that can be pasted into a shell. */
export function quoteWord(text: string): string {
  return plain.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
