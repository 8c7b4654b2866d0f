import { fork } from "node:child_process";
import { once } from "node:events";
import type { Bench, Setup } from "./measure.ts";
import type { Room } from "./suspended-process.ts";

const disk = "suspended agent, on disk";
const memory = "suspended agent, in memory";

/** What an agent takes that waits for a promise, of 1,000 that do, in a process of its own whose memory tells nothing else. */
export async function openSuspended({ scale }: Setup): Promise<Bench> {
  return {
    name: "suspended",
    measures: [
      { name: disk, unit: "bytes", aim: 65_536 },
      { name: memory, unit: "bytes" },
    ],
    async round() {
      const child = fork(new URL("./suspended-process.ts", import.meta.url), [String(Math.ceil(1_000 * scale))]);
      const [room] = (await once(child, "message")) as [Room];
      await once(child, "exit");
      return [
        { measure: disk, value: room.diskBytes },
        { measure: memory, value: room.memoryBytes },
      ];
    },
  };
}
