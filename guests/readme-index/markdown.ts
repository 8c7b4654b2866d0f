/** What a Markdown text is made of. */
export interface Parts {
  words: number;
  headings: number;
  codeBlocks: number;
  links: number;
}

const fence = /^ {0,3}(?:```|~~~)/;
const heading = /^ {0,3}#{1,6}(?:\s|$)/;
const link = /\[[^\]]*\]\([^)]+\)|<https?:\/\/[^>]+>/g;

export function countParts(text: string): Parts {
  const parts: Parts = { words: countMatches(text, word), headings: 0, codeBlocks: 0, links: 0 };
  let inCode = false;
  for (const line of text.split("\n")) {
    if (fence.test(line)) {
      if (!inCode) parts.codeBlocks += 1;
      inCode = !inCode;
    } else if (!inCode) {
      if (heading.test(line)) parts.headings += 1;
      parts.links += countMatches(line, link);
    }
  }
  return parts;
}

const word = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

/** The words of a text in lower case, as they come. */
export function* listWords(text: string) {
  for (const [found] of text.matchAll(word)) yield found.toLowerCase();
}

function countMatches(text: string, pattern: RegExp) {
  return text.match(pattern)?.length ?? 0;
}
