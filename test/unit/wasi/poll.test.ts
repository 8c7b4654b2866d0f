import type * as Monotonic from "@bytecodealliance/preview2-shim/interfaces/wasi-clocks-monotonic-clock";
import { beforeEach, describe, expect, test } from "vitest";
import type { Pollable } from "../../../host/wasi/pollable.ts";
import { canceled, ended, Scene } from "./scene.ts";

let scene: Scene;
let clock: { now(): bigint; subscribeInstant(ns: bigint): Pollable; subscribeDuration(ns: bigint): Pollable };
let poll: (pollables: Pollable[]) => Promise<Uint32Array>;

beforeEach(() => {
  scene = new Scene();
  clock = scene.functions<typeof Monotonic & typeof clock>("wasi:clocks/monotonic-clock");
  poll = scene.functions<{ poll: typeof poll }>("wasi:io/poll").poll;
});

const millisecondNs = 1_000_000n;

describe("a pollable of the clock", () => {
  test("sleeps when it is waited for, and not before", async () => {
    const pollable = clock.subscribeDuration(250n * millisecondNs);
    expect([pollable.ready(), scene.entries]).toEqual([false, []]);
    const blocked = pollable.block();
    expect(scene.entries).toEqual([{ kind: "sleep-started", operation: 1, spanMs: 250 }]);
    expect(scene.awaited).toEqual([1]);
    scene.step(250, { 1: ended });
    await blocked;
    expect(pollable.ready()).toBe(true);
  });

  test("that is due is ready without a sleep", async () => {
    const start = clock.now();
    await clock.subscribeInstant(start).block();
    await clock.subscribeDuration(0n).block();
    expect(scene.entries).toEqual([]);
  });

  test("sleeps whole milliseconds, and not too few", () => {
    void clock.subscribeDuration(1_100_000n).block();
    expect(scene.entries).toEqual([{ kind: "sleep-started", operation: 1, spanMs: 2 }]);
  });

  test("that lies beyond all dates sleeps as long as can be", () => {
    void clock.subscribeInstant(2n ** 64n - 1n).block();
    void clock.subscribeDuration(2n ** 64n - 1n).block();
    expect(scene.entries).toMatchObject(
      [{ spanMs: 9_000_000_000_000 }, { spanMs: 9_000_000_000_000 }].map((each) => ({
        ...each,
        kind: "sleep-started",
      })),
    );
  });

  test("has not come before it is due, whatever the clock of the host says", async () => {
    const until = clock.now() + 5n * millisecondNs;
    const blocked = clock.subscribeInstant(until).block();
    scene.step(4, { 1: ended });
    await blocked;
    expect(clock.now()).toBeGreaterThan(until);
  });

  test("whose sleep is canceled is ready, and the clock does not jump", async () => {
    const pollable = clock.subscribeDuration(3_600_000n * millisecondNs);
    const before = clock.now();
    const blocked = pollable.block();
    scene.step(1, { 1: canceled });
    await blocked;
    expect(pollable.ready()).toBe(true);
    expect(clock.now() - before).toBeLessThan(10n * millisecondNs);
  });

  test("becomes ready for a guest that only looks", () => {
    const pollable = clock.subscribeDuration(100_000n);
    let count = 0;
    while (!pollable.ready()) count += 1;
    expect(count).toBe(99);
  });

  test("can be made again behind a snapshot", () => {
    const saved = scene.wasi.saveObject(clock.subscribeDuration(7n * millisecondNs));
    const other = new Scene();
    other.wasi.load(scene.wasi.save());
    void (other.wasi.loadObject(JSON.parse(JSON.stringify(saved))) as Pollable).block();
    expect(other.entries).toEqual([{ kind: "sleep-started", operation: 1, spanMs: 7 }]);
  });
});

describe("poll", () => {
  test("says which are ready, by their places", async () => {
    const late = clock.subscribeDuration(1_000n * millisecondNs);
    const due = clock.subscribeDuration(0n);
    expect([...(await poll([late, due, late, due]))]).toEqual([1, 3]);
    expect(scene.entries).toEqual([]);
  });

  test("of several moments waits for the first", async () => {
    const spans = [300n, 100n, 200n].map((span) => clock.subscribeDuration(span * millisecondNs));
    const polled = poll(spans);
    expect(scene.entries).toEqual([{ kind: "sleep-started", operation: 1, spanMs: 100 }]);
    scene.step(100, { 1: ended });
    expect([...(await polled)]).toEqual([1]);
  });

  test("finds several ready that have come at once", async () => {
    const spans = [1n, 3n, 2n].map((span) => clock.subscribeDuration(span * millisecondNs));
    const polled = poll(spans);
    scene.step(2, { 1: ended });
    expect([...(await polled)]).toEqual([0, 2]);
  });

  test("traps if it is given nothing to wait for", async () => {
    await expect(poll([])).rejects.toMatchObject({ code: "guest/invalid-argument" });
  });
});
