import type { File } from "../index.ts";

export interface Count {
  files: number;
  words: number;
  headings: number;
  codeBlocks: number;
  links: number;
  topWords: Record<string, number>;
}

export interface Place {
  path: string;
  times: number;
}

/**
 * Counts what the guest counts, by other means: no line of this is a line of the guest, and no expression either. What
 * both agree on is hardly wrong in the same way twice.
 */
export function countPlainly(files: readonly File[]): Count {
  const times = new Map<string, number>();
  const count = { files: files.length, words: 0, headings: 0, codeBlocks: 0, links: 0 };
  for (const { text } of files) {
    for (const word of splitWords(text)) {
      count.words++;
      times.set(word, (times.get(word) ?? 0) + 1);
    }
    const { prose, blocks } = dropCode(text);
    count.codeBlocks += blocks;
    for (const line of prose) {
      if (isHeading(line)) count.headings++;
      count.links += countLinks(line);
    }
  }
  const names = [...times.keys()].toSorted().toSorted((a, b) => times.get(b)! - times.get(a)!);
  return { ...count, topWords: Object.fromEntries(names.slice(0, 10).map((name) => [name, times.get(name)!])) };
}

/** Where a word occurs, as the guest's `search` has it. */
export function findPlainly(files: readonly File[], word: string): Place[] {
  return files
    .map(({ path, text }) => ({ path, times: splitWords(text).filter((other) => other === word).length }))
    .filter(({ times }) => times > 0)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .toSorted((a, b) => b.times - a.times);
}

/** What is left of a text when it is cut at everything that is part of no word. */
function splitWords(text: string): string[] {
  return text
    .split(/[^\p{L}\p{N}'’-]+|['’-]{2,}/u)
    .map((piece) => piece.replace(/^['’-]|['’-]$/g, ""))
    .filter((piece) => piece !== "")
    .map((piece) => piece.toLowerCase());
}

/** The lines outside of fenced code, and how many blocks of it there were. */
function dropCode(text: string): { prose: string[]; blocks: number } {
  const prose: string[] = [];
  let blocks = 0;
  let fence: { mark: string; length: number } | null = null;
  for (const line of text.split("\n")) {
    const shown = dedent(line);
    const mark = shown[0] ?? "";
    const length = shown.length - trimStart(shown, mark).length;
    const isFence = (mark === "`" || mark === "~") && length >= 3;
    if (fence === null && !isFence) prose.push(line);
    else if (fence === null) {
      blocks++;
      fence = { mark, length };
    } else if (isFence && mark === fence.mark && length >= fence.length) fence = null;
  }
  return { prose, blocks };
}

function isHeading(line: string): boolean {
  const shown = dedent(line);
  const rest = trimStart(shown, "#");
  const level = shown.length - rest.length;
  return level >= 1 && level <= 6 && (rest === "" || rest[0]!.trim() === "");
}

function countLinks(line: string): number {
  const targets = line.split("](").slice(1);
  const inline = targets.filter((rest, index) => rest[0] !== ")" && (rest !== "" || index < targets.length - 1));
  const pieces = line.split("<");
  const bare = pieces.filter((rest, index) => {
    const scheme = rest.startsWith("http://") ? 7 : rest.startsWith("https://") ? 8 : Infinity;
    return rest.indexOf(">") > scheme && index > 0 && !pieces[index - 1]!.endsWith("](");
  });
  return inline.length + bare.length;
}

/** Up to three spaces in front of a line do not count. */
function dedent(line: string): string {
  for (let spaces = 0; spaces < 3 && line[0] === " "; spaces++) line = line.slice(1);
  return line;
}

function trimStart(text: string, character: string): string {
  for (let at = 0; ; at++) if (text[at] !== character) return text.slice(at);
}
