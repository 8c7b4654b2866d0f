import { Failure, type Sample, type SampleCall } from "./sample.ts";
import { openWat } from "./wat.ts";

const sample = (name: string, calls: SampleCall[]): Sample => ({
  name,
  missing: null,
  open: () => openWat(name),
  calls,
});

const trap = new Failure("guest/trap");
const point = { x: -3, yAxis: 2.5, label: "über" };
const numbers = {
  ...{ a: 255, b: -128, c: 65535, d: -32768, e: 4294967295, f: -5, g: 7, h: -7, i: 0.5, j: 0.1, k: true, l: "𝄞" },
  ...{ m: "", n: "AQI=", o: null, p: ["read", "own"], q: "light-green" },
};
const shapes = [
  { tag: "nothing" },
  { tag: "circle", val: 1.5 },
  { tag: "label", val: "a 😀" },
  { tag: "place", val: point },
  { tag: "wide", val: 9 },
];

/** Given a value of each type, the guest gives it back. */
const echoed: Record<string, unknown[]> = {
  boolean: [true, false],
  unsigned8: [0, 255],
  signed8: [-128, 127],
  unsigned16: [65535],
  signed16: [-32768],
  unsigned32: [4294967295],
  signed32: [-2147483648],
  unsigned64: [0, Number.MAX_SAFE_INTEGER],
  signed64: [Number.MIN_SAFE_INTEGER],
  float32: [0.25, "NaN", "-Infinity"],
  float64: [0.1, -1e300, "Infinity"],
  character: ["a", "𝄞"],
  text: ["", "naïve 😀", "\0"],
  enumeration: ["red", "light-green"],
  flagged: [[], ["read", "write-all", "own"]],
  flagged32: [["f0", "f31"]],
  pair: [[1, 0.5]],
  recorded: [point],
  indirect: [numbers],
  varied: shapes,
  maybe: [null, 3],
  "maybe-maybe": [{ tag: "none" }, { tag: "some", val: null }, { tag: "some", val: 4 }],
  "nested-outcome": [[{ tag: "ok", val: 1 }], [{ tag: "err", val: "no" }]],
  booleans: [[true, false]],
  bytes: ["", "AAEC/w=="],
  "signed-bytes": [[-1, 1]],
  shorts: [[], [9, 65535]],
  longs: [[1, 2]],
  "signed-longs": [[-1]],
  floats: [[0.5, "NaN"]],
  doubles: [[0.1]],
  characters: [["a", "𝄞"]],
  texts: [["", "x", "über"]],
  lists: [[[1, 2], []]],
  tuples: [[[1, "a", 2]]],
  records: [[point, point]],
  indirects: [[numbers, numbers]],
  variants: [shapes],
  enumerations: [["blue", "red"]],
  "flag-sets": [[["write-all"], []]],
  "large-flag-sets": [[["f7", "f8"]]],
  options: [[null, "", "x"]],
  "nested-options": [[{ tag: "none" }, { tag: "some", val: null }, { tag: "some", val: true }]],
  outcomes: [
    [
      { tag: "ok", val: 1 },
      { tag: "err", val: "e" },
    ],
  ],
  "bare-outcomes": [[{ tag: "ok" }, { tag: "err" }]],
  aliased: [
    [
      ["k", 1],
      ["l", null],
    ],
  ],
};

export const watSamples: Sample[] = [
  sample("types", [
    ...Object.entries(echoed).flatMap(([name, values]) =>
      values.map((value): SampleCall => [`test:types/echo#${name}`, [value], value]),
    ),
    ["outcome", [{ ok: 3 }], 3],
    ["outcome", [{ err: "bad" }], new Failure("guest/error")],
    ["bare-outcome", [{ tag: "ok" }], null],
    ["bare-outcome", [{ tag: "err" }], new Failure("guest/error")],
    ["outcome-of-point", [{ ok: "fine" }], "fine"],
    ["outcome-of-point", [{ err: point }], new Failure("guest/error")],
    ["nothing", [], null],
    ["swap", ["a", "b"], ["b", "a"]],
    ["unsigned8", [256], new Failure("call/argument")],
  ]),
  sample("counter", [
    ["add", [5], 5],
    ["add", [-2], 3],
    ["push", [250], 250],
    ["push", [10], 260],
    ["bytes", [], "+go="],
    ["get", [], 3],
  ]),
  sample("waits", [
    ["sleep", [20], "null"],
    ["call-function", ["waits", "[]"], "0"],
    ["call-agent", ['guest("other")', "waits", "[]"], "0"],
    ["await-operation", [1], new Failure("guest/error")],
    ["select-none", [], new Failure("guest/invalid-argument")],
    ["waits", [], 4],
  ]),
  sample("poll", [
    ["race", [3_000_000_000_000, 2_000_000], [1]],
    ["is-ready", [1_000_000_000], false],
    ["poll-none", [], new Failure("guest/invalid-argument")],
  ]),
  sample("bucket", [
    ["bucket", [3], { resource: "test:bucket/buckets@1.0.0/bucket", handle: 1 }],
    ["bucket.fill", [{ resource: "test:bucket/buckets@1.0.0/bucket", handle: 1 }, 4], 7],
    ["bucket.open", [2], { resource: "test:bucket/buckets@1.0.0/bucket", handle: 2 }],
    ["alive", [], 2],
  ]),
  sample("two-cores", [
    ["add", [4], 4],
    ["add", [5], 9],
    ["last", [], 5],
    ["largest", [], 5],
    ["calls", [], 2],
  ]),
  sample("three-cores", [
    ["put", [1], null],
    ["put", [2], null],
    ["put", [3], null],
    ["digits", [], 123],
  ]),
  sample("large", [
    ["touch", [3], 1],
    ["touch", [1], 2],
    ["sum", [], 4],
  ]),
  sample("hostile", [
    ["divide", [2], 42],
    ["trap", [], trap],
    ["divide", [0], trap],
    ["read-beyond", [], trap],
    ["wild-string", [], trap],
    ["recurse", [10_000_000], new Failure("guest/stack-overflow")],
    ["recurse", [1000], 1000],
    ["grow", [3], 1],
    ["pages", [], 4],
    ["calls", [], 3],
  ]),
  sample("start", [["born", [], 1000]]),
  sample("table-set", [
    ["call", [], 1],
    ["go", [], 2],
    ["call", [], 2],
  ]),
  sample("passive", [
    ["copy", [], 42],
    ["drop", [], null],
    ["copy", [], trap],
  ]),
];
