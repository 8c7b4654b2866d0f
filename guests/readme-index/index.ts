import { agent, log } from "planaria/guest";
import { addParts, countParts, type Parts } from "./markdown.ts";
import { addTallies, countWords, tallyWords, topWords, type Tally } from "./words.ts";

export interface File {
  path: string;
  text: string;
}

/** What a shelf tells of its files. */
interface Contents extends Parts {
  files: number;
  tally: [word: string, times: number][];
}

/** Where a word occurs, and how often. */
interface Place {
  path: string;
  times: number;
}

/** Some of the files of an index, with their words in memory. */
export const shelf = agent((_index: string, _number: number) => {
  let kept: { path: string; tally: Tally }[] = [];

  return {
    /** Takes files in, in the place of those that were here. */
    put(files: File[]): Contents {
      kept = files.map(({ path, text }) => ({ path, tally: tallyWords(text) }));
      const tally = addTallies(kept.map((file) => file.tally));
      log.info(`keeps ${countWords(tally)} words`);
      return { files: files.length, ...addParts(files.map(({ text }) => countParts(text))), tally: [...tally] };
    },

    find(word: string): Place[] {
      return kept.flatMap(({ path, tally }) => {
        const times = tally.get(word);
        return times === undefined ? [] : [{ path, times }];
      });
    },
  };
});

/** Spreads files over shelves, adds up what these have counted, and asks all of them for a word. */
export const indexer = agent((name: string) => {
  let shelves = 0;

  const shelfAt = (number: number) => shelf.get(name, number);

  return {
    async index(files: File[]) {
      const batches = [...share(files)];
      log.info(`${files.length} files for ${batches.length} shelves`);
      const contents = await Promise.all(batches.map((batch, number) => shelfAt(number).put(batch)));
      // What an earlier and larger index left must not be found any more.
      for (let number = batches.length; number < shelves; number += 1) await shelfAt(number).delete();
      shelves = batches.length;
      return summarize(contents);
    },

    /** Where a word occurs, most often first. */
    async search(word: string) {
      const numbers = Array.from({ length: shelves }, (_, number) => number);
      const found = await Promise.all(numbers.map((number) => shelfAt(number).find(word.toLowerCase())));
      return found.flat().toSorted((a, b) => b.times - a.times || (a.path < b.path ? -1 : 1));
    },
  };
});

/** So many characters fill a shelf: counting their words is a step of some 20 ms. */
const shelfSize = 32_000;

/** Shares files out in their order, to each shelf as many as fill it. */
function* share(files: File[]) {
  let batch: File[] = [];
  let size = 0;
  for (const file of files) {
    batch.push(file);
    size += file.text.length;
    if (size < shelfSize) continue;
    yield batch;
    [batch, size] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

function summarize(contents: Contents[]) {
  const tally = addTallies(contents.map((content) => content.tally));
  return {
    files: contents.reduce((count, { files }) => count + files, 0),
    words: countWords(tally),
    ...addParts(contents),
    topWords: topWords(tally, 10),
  };
}
