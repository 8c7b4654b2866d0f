import { expect, test } from "vitest";
import { Fleet } from "../../../host/executor/fleet.ts";
import { memoryDigest } from "../../../host/snapshot/memory-digest.ts";
import { engine } from "../scheduler/scene.ts";

const { compiled } = engine;
const { digest } = compiled;

/** A fleet with one idle instance, in whose memory somebody has left something. */
async function useFleet() {
  const fleet = new Fleet();
  fleet.load(compiled);
  const seat = (await fleet.acquire(digest))!;
  const fresh = memoryDigest(seat, fleet.base(digest));
  new Uint8Array(seat.memories.at(-1)!.buffer).fill(1, 1_000, 2_000_000);
  fleet.release(seat);
  const look = async () => {
    const again = (await fleet.acquire(digest))!;
    expect(again).toBe(seat);
    return { again, memory: memoryDigest(again, fleet.base(digest)) };
  };
  return { fleet, fresh, look };
}

test("an instance is a fresh guest's when it has been prepared", async () => {
  const { fleet, fresh, look } = await useFleet();
  expect(fleet.prepare(digest)).toBeUndefined();
  const { again, memory } = await look();
  expect(memory).toBe(fresh);
  fleet.restore(digest, again, null);
  expect(memoryDigest(again, fleet.base(digest))).toBe(fresh);
});

test("one that has been used since is restored again", async () => {
  const { fleet, fresh, look } = await useFleet();
  fleet.prepare(digest);
  const { again } = await look();
  fleet.restore(digest, again, null);
  new Uint8Array(again.memories.at(-1)!.buffer).fill(2);
  fleet.restore(digest, again, null);
  expect(memoryDigest(again, fleet.base(digest))).toBe(fresh);
});

test("one that nobody has prepared is as it was left", async () => {
  const { fresh, look } = await useFleet();
  expect((await look()).memory).not.toBe(fresh);
});

test("nothing is made in order to be prepared", () => {
  const fleet = new Fleet();
  fleet.load(compiled);
  fleet.prepare(digest);
  expect(fleet.hasBase(digest)).toBe(false);
});
