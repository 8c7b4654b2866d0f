import { join } from "node:path";
import { buildCGuest, explainMissingClang } from "../../build/c-guest.ts";
import { buildRustGuest, explainMissingRust } from "../../build/rust-guest.ts";
import { buildStarlingMonkeyGuest } from "../../build/starlingmonkey-guest.ts";
import { Failure, type Sample } from "./sample.ts";

const guests = join(import.meta.dirname, "../../guests");
const inGuests = (...path: string[]) => join(guests, ...path);

/** Built once, and when somebody asks. */
function once(build: () => Promise<Uint8Array>): () => Promise<Uint8Array> {
  let built: Promise<Uint8Array> | undefined;
  return () => (built ??= build());
}

const clang = explainMissingClang();
/** A compiler that is not the one on the path can be named here. */
const rustc = process.env["RUSTC"] ?? "rustc";

export const wordcount: Sample = {
  name: "wordcount-c",
  missing: clang,
  open: once(() =>
    buildCGuest({ source: inGuests("wordcount-c/wordcount.c"), world: inGuests("wordcount-c/wit/world.wit") }),
  ),
  calls: [
    ["add", ["The cat and the CAT"], 5],
    ["add", [""], 5],
    ["add", ["Grüße, the End."], 8],
    [
      "top",
      [2],
      [
        { text: "the", count: 3 },
        { text: "cat", count: 2 },
      ],
    ],
    ["add-file", ["/nowhere"], new Failure("guest/error")],
    ["add", ["again"], 9],
  ],
};

export const grep: Sample = {
  name: "grep-c",
  missing: clang,
  open: once(() => buildCGuest({ source: inGuests("grep-c/grep.c"), world: null })),
  // Without arguments, which are the component's settings, it says how it is used.
  calls: [["run", [], new Failure("guest/exit")]],
};

export const tally: Sample = {
  name: "tally-rust",
  missing: explainMissingRust(rustc),
  open: once(() =>
    buildRustGuest({ source: inGuests("tally-rust/src/lib.rs"), world: inGuests("tally-rust/wit/world.wit"), rustc }),
  ),
  calls: [
    ["standings", [], []],
    ["vote", ["ann"], 1],
    ["vote", ["bob"], 1],
    ["vote", ["bob"], 2],
    [
      "standings",
      [],
      [
        { candidate: "bob", votes: 2 },
        { candidate: "ann", votes: 1 },
      ],
    ],
  ],
};

export const dice: Sample = {
  name: "dice-starlingmonkey",
  missing: null,
  open: once(() =>
    buildStarlingMonkeyGuest({
      source: inGuests("dice-starlingmonkey/dice.js"),
      world: inGuests("dice-starlingmonkey/wit/world.wit"),
    }),
  ),
  calls: [
    ["history", [], []],
    ["roll", [0, 6], new Failure("guest/error")],
    ["bet", ["a"], new Failure("guest/error")],
  ],
};

export const languageSamples: Sample[] = [wordcount, grep, tally, dice];
