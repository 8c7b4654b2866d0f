import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { readInstructions } from "./instructions.ts";
import { draw, killWhen, Progress, reproduce, runKilled } from "./killed.ts";
import { Workplace, type Ended } from "./planaria.ts";

const processed = ["a", "b", "c", "d", "e"].map((item) => `processed-${item}`);
const enriched = ["a", "b", "c"].map((id) => `enriched-${id}`);

/** What the lines of each guest's README come to, but for those that are told to fail there. */
const results: Record<string, Record<string, unknown>> = {
  "fan-out": {
    'coordinator("c1").fanOut(["a","b","c"])': ["processed-a", "processed-b", "processed-c"],
    'coordinator("c1").fanOutWithErrors(["a","b?","c"])': {
      successes: ["processed-a", "processed-c"],
      failures: ["Item b? failed: b? is no word"],
    },
    'coordinator("c1").dispatchAndCollect(["eu","us"])': ["Report for eu: OK", "Report for us: OK"],
    'coordinator("c1").parallelCompute()': "Combined: original + forked-result",
    'coordinator("c1").multiFork(3)': ["result-from-fork-0", "result-from-fork-1", "result-from-fork-2"],
  },
  enrichment: {
    'enrichBatch(["a","b","c"])': enriched,
    'enrichApart(["a","b","c"])': enriched,
    'enrichTolerant(["a","","c"])': [
      { value: "enriched-a" },
      { error: "PlanariaError: an order without an id cannot be enriched" },
      { value: "enriched-c" },
    ],
    'processBounded(["a","b","c","d","e"], 2)': processed,
    'processLimited(["a","b","c","d","e"], 2)': processed,
    'parallelEnrich(["a","b","c"])': enriched,
  },
  recursion: { "countNodes(3, 3)": 40 },
  parallelism: { "primes(40000, 4, 1)": 4203, "primes(40000, 4, 4)": 4203 },
  cycle: { 'peer("ann").tell("bob")': "bob has been told", 'peer("ann").heard()': ["bob tells back"] },
  cleanup: {
    'project("p").start(3)': [1, 1, 1],
    'task("p", 2).notes()': ["p, task 2"],
    'project("p").finish()': 3,
    'project("q").start(3)': [1, 1, 1],
    'drop("q")': null,
  },
};

interface Line {
  command: string;
  /** What stands behind the guest, without quotes. */
  args: string[];
  /** The code it fails with, as told. */
  failure: string | null;
}

/** The lines of a guest's README that run or serve it. */
function readLines(guest: string): Line[] {
  return readInstructions(readFileSync(`guests/${guest}/README.md`, "utf8")).flatMap((step) => {
    if (step.kind !== "run") return [];
    const [npx, planaria, command, path, ...rest] = step.command.match(/'[^']*'|\S+/g) ?? [];
    if (`${npx} ${planaria} ${path}` !== `npx planaria guests/${guest}`) return [];
    const args = rest.filter((word) => word !== "&").map((word) => word.replace(/^'(.*)'$/, "$1"));
    return [{ command: command!, args, failure: step.failure }];
  });
}

/** What a call came to: its value, or the code that it failed with. */
function outcomeOf({ exitCode, stdout, stderr }: Ended): unknown {
  if (exitCode === 0) return JSON.parse(stdout);
  return { failure: /^error\[invocation\/failed\].*\n.* \[([^\]]+)\]/m.exec(stderr)?.[1] ?? stderr };
}

async function listAgents(place: Workplace): Promise<string[]> {
  return ((await place.json("agents", "--all")) as { id: string }[]).map(({ id }) => id).toSorted();
}

/** Serves with two nodes in the background, one of which is killed while there is work. */
async function serveKilled(place: Workplace, args: readonly string[], text: string): Promise<void> {
  await using progress = new Progress(place);
  const enough = (await progress.count()) + draw(8, text);
  place.start(args);
  await killWhen(place.start(args), async () => (await progress.count()) > enough, text);
}

// Some hundred and fifty processes, of which as many run at once as there are tests.
describe.concurrent("a README's lines", { timeout: 300_000 }, () => {
  test.each(Object.keys(results))("come to what they are to, killed or not: %s", async (guest) => {
    const lines = readLines(guest);
    const told = lines.flatMap(({ command, args, failure }) => (command === "run" && failure === null ? args[0]! : []));
    expect(told).toEqual(Object.keys(results[guest]!));
    const expected = ({ args, failure }: Line) => (failure === null ? results[guest]![args[0]!] : { failure });
    const argsIn = async (place: Workplace, { command, args }: Line) => [
      ...[command, await place.build(`guests/${guest}`), ...args],
      ...(command === "run" ? ["--key", args[0]!] : []),
    ];

    await using quiet = new Workplace();
    await using written = new Progress(quiet);
    const entries = new Map<Line, number>();
    for (const line of lines) {
      const before = await written.count();
      const running = quiet.start(await argsIn(quiet, line));
      if (line.command === "serve") continue;
      expect(outcomeOf(await running.ended), line.args[0]).toEqual(expected(line));
      entries.set(line, (await written.count()) - before);
    }

    await using place = new Workplace();
    const behind: Promise<void>[] = [];
    for (const line of lines) {
      const args = await argsIn(place, line);
      const text = args.join(" ");
      if (line.command === "serve") behind.push(serveKilled(place, args, text));
      else
        expect(outcomeOf(await runKilled(place, args, entries.get(line)!, text)), `${reproduce} ${text}`).toEqual(
          expected(line),
        );
    }
    await Promise.all(behind);
    // None is missing, and no call brought a second one to life; what they wrote in several processes is one history.
    const agents = await listAgents(place);
    expect(agents, reproduce).toEqual(await listAgents(quiet));
    const agent = agents[draw(agents.length, `${guest} replayed`)]!;
    expect(await place.json("replay", agent), `${reproduce} ${agent}`).toMatchObject({ agent });
  });
});

/** Answers as many requests as it is allowed to, and notes each that it gets in a file: effects in the world outside. */
class Service implements AsyncDisposable {
  answered = 0;
  readonly #file: string;
  #allowed = 0;
  readonly #held = new Map<ServerResponse, string>();
  readonly #server = createServer(({ headers, url }, response) => {
    appendFileSync(this.#file, `${headers["idempotency-key"]} ${url}\n`);
    this.#held.set(response, `enriched-${url!.slice(1)}`);
    response.on("close", () => this.#held.delete(response));
    this.#answer();
  });

  constructor(file: string) {
    this.#file = file;
  }

  /** For each request, its key and path. */
  get asked(): string[] {
    return existsSync(this.#file) ? readFileSync(this.#file, "utf8").trimEnd().split("\n") : [];
  }

  async open(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets so many requests be answered, all in all. */
  allow(total: number): void {
    this.#allowed = total;
    this.#answer();
  }

  #answer(): void {
    for (const [response, answer] of this.#held) {
      if (this.answered >= this.#allowed) return;
      this.answered += 1;
      this.#held.delete(response);
      response.end(answer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

test("an enrichBatch that is killed asks for nothing again that it had been answered", async () => {
  await using place = new Workplace();
  await using progress = new Progress(place);
  await using service = new Service(place.file("effects.txt"));
  const host = await service.open();
  const ids = Array.from({ length: 40 }, (_, i) => `order-${i}`);
  const component = await place.build("guests/enrichment");
  const call = `enrichBatch(${JSON.stringify(ids)}, "http://${host}")`;
  const args = ["run", component, call, "--allow-host", host, "--key", "k"];

  // For each kill, what had been asked by then, and which answers are in the journal.
  const known: { asked: number; answered: Set<string> }[] = [];
  for (let kill = 0; kill < 5; kill += 1) {
    const enough = service.answered + 1 + draw(7, `answers ${kill}`);
    const asked = service.asked.length;
    let sent: number | undefined;
    const isTime = async () => {
      if (service.asked.length === asked) return false;
      // What is asked is in the journal by now, so that more entries are answers; every second kill waits for some.
      sent ??= await progress.count();
      service.allow(enough);
      return service.answered >= enough && (kill % 2 === 0 || (await progress.count()) > sent);
    };
    await killWhen(place.start(args), isTime, `effects ${kill}`);
    known.push({ asked: service.asked.length, answered: await listAnswered(place) });
  }
  service.allow(Infinity);
  expect(outcomeOf(await place.start(args).ended), reproduce).toEqual(ids.map((id) => `enriched-${id}`));

  // Whatever was asked again bore the same key.
  expect(new Set(service.asked).size, reproduce).toBe(ids.length);
  expect(new Set(service.asked.map((line) => line.split(" ")[1]))).toEqual(new Set(ids.map((id) => `/${id}`)));
  expect(known[1]!.answered.size, reproduce).toBeGreaterThan(0);
  for (const { asked, answered } of known) {
    const again = service.asked.slice(asked).filter((line) => answered.has(line.split(" ")[0]!));
    expect(again, reproduce).toEqual([]);
  }
});

/** The keys of the requests whose answers an enrichBatch has in its journal. */
async function listAnswered(place: Workplace): Promise<Set<string>> {
  const agent = (await listAgents(place)).find((id) => id.startsWith("enrichBatch"));
  if (agent === undefined) return new Set();
  const { stdout } = await place.run("oplog", agent, "--json");
  const entries = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; operation?: number });
  const operations = (kind: string) => entries.flatMap((entry) => (entry.kind === kind ? [entry.operation!] : []));
  const delivered = new Set(operations("delivered"));
  return new Set(
    operations("fetch-started")
      .filter((operation) => delivered.has(operation))
      .map((operation) => `${agent}#${operation}`),
  );
}
