import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { eventually, Workplace, type Ended } from "./planaria.ts";

const count = 160;

/** A number below a limit, always the same one for a seed. */
const draw = (limit: number, seed: string) => Number.parseInt(hash("sha256", seed).slice(0, 8), 16) % limit;

/** `PLANARIA_SEED=… npm test` repeats a run, as far as its kills depend on the seed. */
const firstSeed = Number(process.env["PLANARIA_SEED"] ?? Date.now());

interface Agent {
  id: string;
  type: string;
}

interface Entry {
  kind: string;
  method?: string;
}

/** The lines that guests logged, of all processes together. */
function listLogs(ended: readonly Ended[]): string[] {
  return ended.flatMap(({ stderr }) => stderr.split("\n").filter((line) => line.startsWith("info ")));
}

async function readEntries(place: Workplace, agent: string): Promise<Entry[]> {
  const { stdout } = await place.run("oplog", agent, "--json");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Entry);
}

describe.concurrent("a host that is killed at random moments", () => {
  test.each([0, 1])("does everything once, and the same command prints the right result (%i)", async (round) => {
    const seed = `${firstSeed + round}`;
    const reproduce = `PLANARIA_SEED=${firstSeed}`;
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const undisturbed = await place.json("run", guest, `work("a", ${count})`, "--store", "sqlite:other.db");
    const command = ["run", guest, `work("a", ${count})`, "--key", "k"];

    const all: Ended[] = [];
    let kills = 0;
    for (;;) {
      const running = place.start(command);
      // By the clock, which falls anywhere; or as soon as something was logged, which is amid the work.
      const isByClock = draw(2, `${seed} how ${kills}`) === 0;
      const until = isByClock
        ? new Promise((resolve) => setTimeout(resolve, 150 + draw(500, `${seed} ms ${kills}`)))
        : eventually("it logs, or ends", () =>
            running.stderr || running.process.exitCode !== null ? true : undefined,
          );
      await Promise.race([until, running.ended]);
      const ended = await (kills < 6 ? running.kill() : running.ended);
      all.push(ended);
      if (ended.signal === null) break;
      kills += 1;
    }

    expect(all.at(-1), reproduce).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(all.at(-1)!.stdout), reproduce).toEqual(undisturbed);
    const lines = await place.json("invoke", 'ledger("a").read()');
    expect(lines, reproduce).toEqual([...Array.from({ length: count }, (_, i) => `line ${i}`), "done"]);
    const logs = listLogs(all);
    expect(new Set(logs).size, reproduce).toBe(logs.length);

    const agents = (await place.json("agents", "--all")) as Agent[];
    const worker = agents.find(({ type }) => type === "work")!;
    // One agent for the call, one for the ledger, and one for each call of a function in an agent of its own; of the calls
    // that take too long some are given up before there is an agent.
    expect(
      agents.filter(({ type }) => type !== "idle"),
      reproduce,
    ).toHaveLength(2 + count / 8);
    const invoked = (await readEntries(place, worker.id)).filter(({ kind }) => kind === "invoked");
    expect(invoked, reproduce).toHaveLength(1);
    for (const agent of [worker.id, 'ledger("a")']) {
      // A snapshot holds memory as it was in a process that was killed, and has to agree with the replay.
      const replayed = (await place.json("replay", agent)) as { memory: string; snapshot: number | null };
      expect(replayed.snapshot, reproduce).toBeGreaterThan(0);
      const recorded = await place.json("record", agent, "--output", "golden.jsonl");
      expect(recorded, reproduce).toMatchObject({ memory: replayed.memory });
    }
  });
});
