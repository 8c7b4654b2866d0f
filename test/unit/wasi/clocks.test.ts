import type * as Monotonic from "@bytecodealliance/preview2-shim/interfaces/wasi-clocks-monotonic-clock";
import type * as Wall from "@bytecodealliance/preview2-shim/interfaces/wasi-clocks-wall-clock";
import { beforeEach, expect, test } from "vitest";
import { begin, Scene } from "./scene.ts";

let scene: Scene;
let monotonic: typeof Monotonic;
let wall: typeof Wall;
const beginNs = BigInt(begin) * 1_000_000n;

beforeEach(() => {
  scene = new Scene();
  monotonic = scene.functions("wasi:clocks/monotonic-clock");
  wall = scene.functions("wasi:clocks/wall-clock");
});

test("a step begins at its instant, and each reading is a microsecond later", () => {
  expect([monotonic.now(), monotonic.now()]).toEqual([beginNs, beginNs + 1_000n]);
  expect(wall.now()).toEqual({ seconds: 1_800_000_000n, nanoseconds: 2_000 });
  expect([monotonic.resolution(), wall.resolution()]).toEqual([1_000n, { seconds: 0n, nanoseconds: 1_000 }]);
});

test("nothing of it is journaled", () => {
  monotonic.now();
  wall.now();
  expect(scene.entries).toEqual([]);
});

test("a step whose instant lies before the last reading does not turn the clock back", () => {
  for (let count = 0; count < 2_001; count += 1) monotonic.now();
  scene.step(1);
  expect(monotonic.now()).toBe(beginNs + 2_001_000n);
  scene.step(10);
  expect(monotonic.now()).toBe(beginNs + 11_000_000n);
});

test("a guest that waits by looking at the clock comes to an end", () => {
  const until = monotonic.now() + 5_000_000n;
  let count = 0;
  while (monotonic.now() < until) count += 1;
  expect(count).toBe(4_999);
});

test("the last reading outlives a snapshot", () => {
  monotonic.now();
  monotonic.now();
  const saved = scene.wasi.save();
  const other = new Scene();
  other.wasi.load(saved);
  expect(other.functions<typeof Monotonic>("wasi:clocks/monotonic-clock").now()).toBe(beginNs + 2_000n);
});

test("agents of the same past are saved as the same bytes", () => {
  const other = new Scene();
  expect(scene.wasi.save()).toEqual(other.wasi.save());
  monotonic.now();
  expect(scene.wasi.save()).not.toEqual(other.wasi.save());
});
