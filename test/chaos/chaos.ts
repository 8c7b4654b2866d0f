import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readComponent, readComponentBytes } from "../../host/testing/read-component.ts";
import { seededRandom } from "../../host/testing/seeded-random.ts";
import { check, outcomeOf, type Checked } from "./check.ts";
import { Process, type Ended } from "./process.ts";
import { Server } from "./server.ts";

export interface ChaosOptions {
  /** How long processes are killed, in milliseconds; what was begun is finished then. */
  spanMs: number;
  /** When what is killed follows from it, as far as the machine lets it. */
  seed: number;
}

export interface Chaos extends Checked {
  seed: number;
  calls: number;
  /** Of calls that were made, how often the command that made one was run: those that were killed were run again. */
  commands: number;
  /** Processes that were killed: nodes of the group, and commands that made calls. */
  kills: { nodes: number; commands: number };
  /** How often a node stood still for longer than its lease. */
  stops: number;
  /** Processes that gave up since one of those had the lock of the file. */
  givenUp: number;
  requests: number;
}

const nodeCount = 3;
const clientCount = 2;
/** Longer than a lease. */
const stopMs = 12_000;
const guest = "test/guests/errands.ts";

/** Kills processes on one store while errands are run there, and finds out what came of it. */
export async function chaos({ spanMs, seed }: ChaosOptions): Promise<Chaos> {
  const random = seededRandom(seed);
  const draw = (below: number) => Buffer.from(random.bytes(4)).readUInt32LE() % below;
  await using server = await Server.open(draw);
  const folder = await mkdtemp(join(tmpdir(), "planaria-chaos-"));
  const crew = new Crew(folder, server, draw);
  try {
    await writeFile(join(folder, "errands.wasm"), await readComponentBytes(guest));
    const end = Date.now() + spanMs;
    const nodes = Array.from({ length: nodeCount }, () => crew.keepNode(end));
    const clients = Array.from({ length: clientCount }, (_, index) => crew.runErrands(`c${index}`, end));
    await Promise.all(clients);
    await crew.endNodes();
    await Promise.all(nodes);
    const tallies = {
      begun: await crew.readTallies("begun"),
      carried: await crew.read("carried"),
      done: await crew.readTallies("done"),
    };
    const { errands, kills, stops, givenUp, commands } = crew;
    const file = join(folder, "chaos.db");
    const checked = await check({ file, component: await readComponent(guest), server, errands, tallies });
    return { seed, calls: errands.length, commands, kills, stops, givenUp, requests: server.count, ...checked };
  } finally {
    await crew.killAll();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The processes of a run. */
class Crew {
  readonly errands: string[] = [];
  readonly kills = { nodes: 0, commands: 0 };
  stops = 0;
  /** Processes that waited in vain for the lock of the file, which one that stood still had. */
  givenUp = 0;
  commands = 0;
  readonly #folder: string;
  readonly #server: Server;
  readonly #draw: (below: number) => number;
  readonly #running = new Set<Process>();
  #nodes = 0;
  /** Nodes that stand still, or did so just now. */
  #stopped = 0;
  readonly #over = new AbortController();

  constructor(folder: string, server: Server, draw: (below: number) => number) {
    this.#folder = folder;
    this.#server = server;
    this.#draw = draw;
  }

  #start(...args: string[]): Process {
    const started = new Process(this.#folder, [...args, "--store", "sqlite:chaos.db", "--json"]);
    this.#running.add(started);
    void started.ended.then(() => this.#running.delete(started));
    return started;
  }

  /** A node of the group after the other, each killed after a while; the last one lives until it is told to end. */
  async keepNode(end: number): Promise<void> {
    const draw = this.#draw;
    while (!this.#over.signal.aborted) {
      const name = `p${(this.#nodes += 1)}`;
      const allowed = ["--allow-host", this.#server.host];
      const node = this.#start(
        "serve",
        "errands.wasm",
        "--group",
        "porters",
        "--name",
        name,
        "--threads",
        "1",
        ...allowed,
      );
      await node.said;
      await delay(100 + draw(2_500), null, { signal: this.#over.signal }).catch(() => {});
      const isTime = Date.now() < end && !this.#over.signal.aborted;
      if (isTime && end - Date.now() > 3 * stopMs && draw(10) === 0) await this.#stop(node);
      else if (isTime) this.#kill(node, "nodes");
      const ended = await node.ended;
      const isAtEnd = ended.exitCode === 0 && this.#over.signal.aborted;
      const isFine = ended.signal === "SIGKILL" || isAtEnd || this.#hasGivenUp(ended);
      if (!isFine) throw new Error(`The node ${name} ended by itself: ${describe(ended)}`);
      await delay(draw(300));
    }
  }

  /** It stands still until others have taken over, goes on, and is killed after a while. */
  async #stop(node: Process): Promise<void> {
    this.stops += 1;
    this.#stopped += 1;
    node.send("SIGSTOP");
    await delay(stopMs);
    node.send("SIGCONT");
    // Who has waited for it so long may be a while in saying so.
    void delay(stopMs).then(() => (this.#stopped -= 1));
    await delay(this.#draw(1_500));
    this.#kill(node, "nodes");
  }

  /** Whether it ended with the lock of the file in the hands of a node that stood still: it wrote nothing, and said so. */
  #hasGivenUp({ exitCode, stderr }: Ended): boolean {
    const hasGivenUp = exitCode !== 0 && this.#stopped > 0 && stderr.includes('"store/busy"');
    if (hasGivenUp) this.givenUp += 1;
    return hasGivenUp;
  }

  #kill(victim: Process, kind: keyof Crew["kills"]): void {
    if (victim.hasEnded) return;
    this.kills[kind] += 1;
    victim.send("SIGKILL");
  }

  /** One errand after the other; whatever is killed is run again under the same key. */
  async runErrands(client: string, end: number): Promise<void> {
    for (let i = 0; Date.now() < end; i += 1) {
      const errand = `${client}-${i}`;
      this.errands.push(errand);
      const outcome = await this.#runErrand(errand, end);
      const wanted = JSON.stringify(outcomeOf(errand));
      if (outcome !== wanted) throw new Error(`${errand} brought ${outcome}, not ${wanted}`);
    }
  }

  async #runErrand(errand: string, end: number): Promise<string> {
    const draw = this.#draw;
    for (;;) {
      this.commands += 1;
      const call = `go(${JSON.stringify(errand)}, "http://${this.#server.host}")`;
      const command = this.#start(
        "run",
        "errands.wasm",
        call,
        "--key",
        errand,
        "--allow-host",
        this.#server.host,
        "--threads",
        "1",
      );
      if (draw(2) === 0) {
        await Promise.race([command.ended, delay(150 + draw(900))]);
        if (Date.now() < end) this.#kill(command, "commands");
      }
      const ended = await command.ended;
      if (ended.exitCode === 0) return JSON.stringify(JSON.parse(ended.stdout));
      if (ended.signal !== "SIGKILL" && !this.#hasGivenUp(ended))
        throw new Error(`The command of ${errand} failed: ${describe(ended)}`);
    }
  }

  /** Tells the nodes to end in good order. */
  async endNodes(): Promise<void> {
    // Work that the calls have left behind is done by whoever is there.
    await this.read("carried");
    this.#over.abort();
    for (const node of this.#running) node.send("SIGTERM");
  }

  /** What one tally says, by a host that takes over what dead ones have left. */
  async read(name: string): Promise<string[]> {
    const ended = await this.#start("invoke", `tally(${JSON.stringify(name)}).read()`).ended;
    if (ended.exitCode !== 0) throw new Error(`The tally ${name} can't be read: ${describe(ended)}`);
    return JSON.parse(ended.stdout) as string[];
  }

  async readTallies(kind: string): Promise<string[]> {
    const all: string[] = [];
    for (let i = 0; i < 8; i += 1) all.push(...(await this.read(`${kind} ${i}`)));
    return all;
  }

  async killAll(): Promise<void> {
    this.#over.abort();
    const left = [...this.#running];
    for (const each of left) each.send("SIGKILL");
    await Promise.all(left.map(({ ended }) => ended));
  }
}

const describe = ({ exitCode, signal, stderr }: Ended) => `${exitCode ?? signal} ${stderr.slice(-2_000)}`;
