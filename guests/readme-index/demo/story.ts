import { join } from "node:path";
import { formatBytes, formatFacts } from "../../../host/cli/table.ts";
import type { File } from "../index.ts";
import { countEntries, readLedger, type Kept } from "./ledger.ts";
import { countPlainly, findPlainly, type Count, type Place } from "./plain-count.ts";
import { planaria, type Killing, type Ran } from "./planaria.ts";
import type { Teller } from "./teller.ts";

export interface StoryOptions {
  teller: Teller;
  /** Goes when the demo is over. */
  folder: string;
  /** What is to be indexed, and the file that holds it as JSON. */
  files: readonly File[];
  corpus: string;
  /** Kills the host after so long, not when half of the shelves are filled. */
  killAfterMs?: number | undefined;
  signal: AbortSignal;
}

/** The chapters of the demo. Each goes on with the store that the one before has left. */
export class Story {
  readonly #options: StoryOptions;
  readonly #teller: Teller;
  #database = "";

  constructor(options: StoryOptions) {
    this.#options = options;
    this.#teller = options.teller;
  }

  async build(): Promise<void> {
    this.#teller.chapter("TypeScript becomes a component");
    const file = join(this.#options.folder, "readme-index.wasm");
    const { stdout } = await this.#run(["build", "guests/readme-index", "--output", file]);
    this.#teller.quote(stdout);
  }

  async index(): Promise<void> {
    const { files, corpus } = this.#options;
    const command = ["run", "guests/readme-index", `indexer("readmes").index(@"${corpus}")`, "--key", "first"];
    const filled = await this.#runUntilKilled(command);
    this.#teller.chapter("The same command again");
    const count = JSON.parse((await this.#run(command)).stdout) as Count;
    const { words, headings, codeBlocks, links } = count;
    this.#teller.say(`${words} words, ${headings} headings, ${codeBlocks} code blocks, ${links} links`);
    this.#teller.check("A plain count in Node gives the same numbers.", count, countPlainly(files));
    const shelves = await this.#shelves();
    const since = filled.map(({ id }) => shelves.find((shelf) => shelf.id === id));
    this.#teller.check(`The journals of the ${filled.length} filled shelves are what they were.`, since, filled);
    const calls = shelves.map((shelf) => countEntries(shelf, /^invoked$/));
    const once = shelves.map(() => 1);
    this.#teller.check(`Each of the ${shelves.length} shelves was called once.`, calls, once);
  }

  async search(word: string): Promise<void> {
    this.#teller.chapter("Ask the shelves what they remember");
    const { stdout } = await this.#run(["invoke", `indexer("readmes").search("${word}")`]);
    const places = JSON.parse(stdout) as Place[];
    for (const { path, times } of places.slice(0, 3)) this.#teller.say(`${times} times in ${path}`);
    const expected = findPlainly(this.#options.files, word);
    this.#teller.check(`A plain search finds it in the same ${places.length} files.`, places, expected);
  }

  async fork(count: number): Promise<void> {
    this.#teller.chapter("One agent forks, and awaits what its forks hand in");
    const { stdout } = await this.#run(["run", "guests/fan-out", `coordinator("demo").multiFork(${count})`]);
    const results = JSON.parse(stdout) as string[];
    this.#teller.quote(results.join("  "));
    const expected = Array.from({ length: count }, (_, i) => `result-from-fork-${i}`);
    this.#teller.check("Every fork has handed in its result.", results, expected);
    const { agents } = await readLedger(this.#database);
    const forks = agents.filter(({ isFork }) => isFork);
    this.#teller.check(`The store has ${count} agents more, and no fork twice.`, forks.length, count);
  }

  async replay(): Promise<void> {
    this.#teller.chapter("A shelf lives through its journal again");
    const shelves = await this.#shelves();
    // Of one with a snapshot, the replay is held against the memory of the live run, too.
    const shelf = shelves.find(({ hasSnapshot }) => hasSnapshot) ?? shelves[0]!;
    const recorded = await this.#run(["record", shelf.id, "--output", join(this.#options.folder, "shelf.oplog.jsonl")]);
    this.#teller.quote(recorded.stdout);
    const replayed = await this.#run(["replay", shelf.id]);
    this.#teller.quote(replayed.stdout);
    this.#teller.check("Its memory is the same, bit for bit.", digestIn(replayed.stdout), digestIn(recorded.stdout));
  }

  async sumUp(startedAt: number): Promise<void> {
    this.#teller.chapter("All in all");
    const { agents, oplogBytes, snapshotBytes } = await readLedger(this.#database);
    const total = (kind: RegExp) => agents.reduce((sum, agent) => sum + countEntries(agent, kind), 0);
    this.#teller.say(
      formatFacts([
        ["agents", `${agents.length}`],
        ["steps", `${total(/^stepped$/)}`],
        ["operations", `${total(/-started$|^promise-/)}`],
        ["forks", `${total(/^forked$/)}`],
        ["oplog", formatBytes(oplogBytes)],
        ["snapshots", formatBytes(snapshotBytes)],
        ["time", `${((performance.now() - startedAt) / 1000).toFixed(1)} s`],
      ]),
    );
  }

  /** Returns the shelves that were filled when the host was killed. */
  async #runUntilKilled(command: string[]): Promise<Kept[]> {
    const { folder, killAfterMs } = this.#options;
    for (const part of [1 / 2, 1 / 4, 0]) {
      this.#teller.chapter(
        part === 1 / 2 ? "Index all files, and be killed halfway" : "A new store, and killed earlier",
      );
      this.#database = join(folder, `killed-at-${part}.db`);
      const killing = killAfterMs === undefined ? { killAt: isFilled(part) } : { killAfterMs };
      const { killed } = await this.#run(command, killing);
      const shelves = await this.#shelves();
      const filled = shelves.filter((shelf) => countEntries(shelf, /^finished$/) > 0);
      this.#teller.say(killed ? `SIGKILL. ${whatIsThere(filled, shelves)}` : "It was through before the signal came.");
      const isMidway = killed && filled.length < shelves.length;
      if (isMidway || killAfterMs !== undefined) return filled;
    }
    throw new Error("the host was always through before it could be killed");
  }

  async #shelves(): Promise<Kept[]> {
    const { agents } = await readLedger(this.#database);
    return agents.filter(({ type }) => type === "shelf");
  }

  /** Runs a command before the eyes of the reader. */
  async #run(args: readonly string[], killing: Killing = {}): Promise<Ran> {
    this.#teller.command(args);
    return planaria(args, {
      ...killing,
      store: `sqlite:${this.#database}`,
      signal: this.#options.signal,
      heard: (line) => this.#teller.quote(line),
    });
  }
}

function whatIsThere(filled: Kept[], shelves: Kept[]): string {
  if (shelves.length === 0) return "The store holds nothing of it yet.";
  return `${filled.length} of ${shelves.length} shelves are filled; the calls of the others are in the store.`;
}

/** Follows the guests' log to the line that says that a part of the shelves is filled. */
function isFilled(part: number): (line: string) => boolean {
  let filled = 0;
  let enough = Infinity;
  return (line) => {
    const shelves = / files for (\d+) shelves$/.exec(line)?.[1];
    if (shelves !== undefined) enough = Math.ceil(Number(shelves) * part);
    if (line.startsWith("info shelf(")) filled += 1;
    return filled >= enough;
  };
}

function digestIn(text: string): string {
  const digest = /\bmemory\s+([0-9a-f]{64})\b/.exec(text)?.[1];
  if (digest === undefined) throw new Error(`there is no digest in ${JSON.stringify(text)}`);
  return digest;
}
