import { expect, test, vi } from "vitest";
import { dice, tally, wordcount } from "../components/language-samples.ts";
import type { Sample } from "../components/sample.ts";
import { eventually, Workplace } from "./planaria.ts";

vi.setConfig({ testTimeout: 90_000 });

/** Calls that lead up to one that waits for the promise `news`, what that is resolved with, and what the call gives. */
const stories: [Sample, calls: string[], waiting: string, value: string, result: string][] = [
  [wordcount, ['add("one two")'], 'add-promised("news")', '"three four"', "4"],
  [tally, ['vote("ann")'], 'winner("news")', "null", '"ann"'],
  [dice, ["roll(2, 1)"], 'bet("news")', "2", '"2: won"'],
];

for (const [sample, calls, waiting, value, result] of stories) {
  test.skipIf(sample.missing !== null)(
    `a process that is killed while ${sample.name} waits loses nothing`,
    async () => {
      await using place = new Workplace();
      const file = place.write("guest.wasm", await sample.open());
      for (const call of calls) {
        expect(await place.run("run", file, `guest("a").${call}`)).toMatchObject({ exitCode: 0 });
      }
      const running = place.start(["invoke", `guest("a").${waiting}`, "--key", "k"]);
      await place.waitForPromise("news");
      await eventually("it waits", async () => {
        const { stdout } = await place.run("oplog", 'guest("a")');
        return stdout.includes("promise.await") || undefined;
      });
      await running.kill();
      expect(await place.run("promise", "complete", "news", value)).toMatchObject({ exitCode: 0 });
      expect(await place.run("invoke", `guest("a").${waiting}`, "--key", "k")).toMatchObject({
        exitCode: 0,
        stdout: `${result}\n`,
      });
      const replayed = await place.run("replay", 'guest("a")');
      expect(replayed).toMatchObject({ exitCode: 0 });
      expect(replayed.stdout).toContain("replays: ");
    },
  );
}
