import type { Bench, Setup } from "./measure.ts";
import { askProcess } from "./own-process.ts";
import type { Room } from "./suspended-process.ts";

const disk = "suspended agent, on disk";
const memory = "suspended agent, in memory";

/** What an agent takes that waits for a promise, of 1,000 that do, in a process whose memory tells of nothing else. */
export async function openSuspended({ scale }: Setup): Promise<Bench> {
  const count = Math.ceil(1_000 * scale);
  return {
    name: "suspended",
    measures: [
      { name: disk, short: "disk", unit: "bytes", aim: 65_536 },
      { name: memory, short: "memory", unit: "bytes" },
    ],
    async round() {
      const { diskBytes, memoryBytes } = await askProcess<Room>("./suspended-process.ts", [String(count)]);
      return [
        { measure: disk, value: diskBytes },
        { measure: memory, value: memoryBytes },
      ];
    },
  };
}
