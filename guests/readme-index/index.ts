import { agent, log } from "planaria/guest";
import { countParts, listWords, type Parts } from "./markdown.ts";

export interface File {
  path: string;
  text: string;
}

interface Hit {
  path: string;
  times: number;
}

interface Digest {
  files: number;
  parts: Parts;
  /** How often each word occurs. */
  words: [word: string, times: number][];
}

const filesPerShelf = 20;
const none: Parts = { words: 0, headings: 0, codeBlocks: 0, links: 0 };

/** Keeps a batch of files: which words occur where. */
export const shelf = agent((_index: string, _number: number) => {
  const postings = new Map<string, Hit[]>();

  return {
    put(files: File[]): Digest {
      postings.clear();
      for (const { path, text } of files) {
        for (const [word, times] of tally(listWords(text))) add(postings, word, { path, times });
      }
      const parts = files.map(({ text }) => countParts(text)).reduce(sum, none);
      const words = [...postings].map(([word, hits]): [string, number] => [word, total(hits)]);
      log.info(`${files.length} files with ${words.length} different words`);
      return { files: files.length, parts, words };
    },

    find: (word: string): Hit[] => postings.get(word) ?? [],
  };
});

/** Spreads files over shelves, merges what they have counted, and asks all of them when something is searched. */
export const indexer = agent((name: string) => {
  let shelves = 0;

  const shelfAt = (number: number) => shelf.get(name, number);

  return {
    async index(files: File[]) {
      const batches = chunk(files, filesPerShelf);
      const digests = await Promise.all(batches.map((batch, number) => shelfAt(number).put(batch)));
      // Files that an earlier, larger index had must not be found any more.
      for (let number = batches.length; number < shelves; number += 1) await shelf.delete(name, number);
      shelves = batches.length;
      return summarize(digests);
    },

    /** Where a word occurs, most often first. */
    async search(word: string) {
      const numbers = Array.from({ length: shelves }, (_, number) => number);
      const found = await Promise.all(numbers.map((number) => shelfAt(number).find(word.toLowerCase())));
      return found.flat().toSorted((a, b) => b.times - a.times || compare(a.path, b.path));
    },
  };
});

function summarize(digests: Digest[]) {
  const times = new Map<string, number>();
  for (const [word, more] of digests.flatMap(({ words }) => words)) times.set(word, (times.get(word) ?? 0) + more);
  const topWords = [...times].toSorted(([a, m], [b, n]) => n - m || compare(a, b)).slice(0, 10);
  return {
    files: digests.reduce((files, digest) => files + digest.files, 0),
    ...digests.map(({ parts }) => parts).reduce(sum, none),
    topWords: Object.fromEntries(topWords),
  };
}

function sum(a: Parts, b: Parts): Parts {
  return {
    words: a.words + b.words,
    headings: a.headings + b.headings,
    codeBlocks: a.codeBlocks + b.codeBlocks,
    links: a.links + b.links,
  };
}

function tally(words: Iterable<string>) {
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  return times;
}

function add(postings: Map<string, Hit[]>, word: string, hit: Hit) {
  const hits = postings.get(word);
  if (hits) hits.push(hit);
  else postings.set(word, [hit]);
}

const total = (hits: Hit[]) => hits.reduce((times, hit) => times + hit.times, 0);

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const chunk = <T>(items: T[], size: number) =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
