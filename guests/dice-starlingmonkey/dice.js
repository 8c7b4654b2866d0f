import { await as waitFor } from "planaria:host/operation@0.1.0";
import { await as awaitPromise, create } from "planaria:host/promise@0.1.0";

const rolls = [];

export function roll(dice, sides) {
  // What is thrown is the error of the `result`.
  if (dice === 0 || sides === 0) throw "Nothing to roll.";
  const values = Uint32Array.from({ length: dice }, () => 1 + Math.floor(Math.random() * sides));
  console.log(`rolled ${values.join(" ")}`);
  const rolled = { at: BigInt(Date.now()), values };
  rolls.push(rolled);
  return rolled;
}

export function bet(promise) {
  const last = rolls.at(-1);
  if (!last) throw "Nothing was rolled.";
  create({ id: promise });
  // No `async`: the call blocks, and Planaria puts the whole agent to sleep meanwhile. A rejected promise throws.
  const guess = JSON.parse(waitFor(awaitPromise(promise)));
  const sum = last.values.reduce((left, right) => left + right, 0);
  return guess === sum ? `${sum}: won` : `${sum}, not ${guess}: lost`;
}

export function history() {
  return rolls;
}
