import { fileURLToPath } from "node:url";
import { componentize } from "componentize-qjs";
import { compileComponent, type CompiledComponent } from "../../../host/component/compile.ts";
import { makeRefusingImports, type GuestImports } from "../../../host/imports/guest-imports.ts";
import type { Instance } from "../../../host/component/instance.ts";

const witPath = fileURLToPath(new URL("../../../wit", import.meta.url));

export const memoryCapBytes = 64 * 1024 * 1024;

/** Makes a component of JavaScript that speaks to the host without an SDK. */
export async function buildGuest(jsSource: string): Promise<Uint8Array> {
  return (await componentize({ witPath, world: "agent", stubWasi: true, jsSource })).component;
}

/** A guest that adds up the outcomes of its calls for ever, and does what else its invocations tell it. */
export const adderSource = `
import rpc from "planaria:host/rpc@0.1.0";
import invocation from "planaria:host/invocation@0.1.0";
const waiting = new Map();
const kept = [];
const options = { mode: "attached", at: undefined, key: undefined };
const call = (args) => new Promise((resolve) => waiting.set(rpc.callFunction("next", JSON.stringify(args), options), resolve));
const does = {
  async add() {
    const seen = [];
    for (let total = 0; ; ) {
      total += await call({ total, seen: seen.length });
      seen.push({ total, text: "total " + total });
      if (seen.length > 100) seen.shift();
    }
  },
  async keep({ sizeBytes }) { kept.push(new Uint8Array(sizeBytes).fill(7)); },
  async finish({ invocation: number }) {
    invocation.finish(number, { tag: "ok", val: JSON.stringify("done") });
    invocation.finish(number, { tag: "err", val: JSON.stringify({ name: "Error", message: "undone" }) });
  },
  async recurse() { const down = (n) => n === 0 ? 0 : 1 + down(n - 1); down(1e7); },
};
export const guest = {
  describe() {
    return JSON.stringify({ sdk: "test", agents: [{ name: "adder", params: [], methods: null }], functions: [{ name: "next", params: null }] });
  },
  async invoke(json) {
    const request = JSON.parse(json);
    if (request.do === "fail") throw new Error("failed on purpose");
    if (request.do === "hang") await new Promise(() => {});
    does[request.do](request);
  },
  async deliver(json) {
    for (const { operation, value } of JSON.parse(json)) {
      const resolve = waiting.get(operation);
      waiting.delete(operation);
      resolve(value);
    }
  },
};`;

let adder: Promise<CompiledComponent> | undefined;

/** The adder, compiled once for each test file. */
export function compileAdder(): Promise<CompiledComponent> {
  return (adder ??= buildGuest(adderSource).then((bytes) =>
    compileComponent(bytes, { cacheFolder: null, memoryCapBytes }),
  ));
}

/** Imports that number calls of functions and note their arguments, and refuse everything else. */
export function makeCountingImports(): {
  imports: GuestImports;
  calls: string[];
  setOperation: (operation: number) => void;
} {
  const calls: string[] = [];
  let operations = 0;
  const imports = makeRefusingImports((name) => {
    throw new Error(`the test guest called ${name}`);
  });
  imports["planaria:host/rpc"].callFunction = (name, args) => {
    calls.push(`${name}${args}`);
    return ++operations;
  };
  imports["planaria:host/invocation"].finish = (number, outcome) =>
    calls.push(`finish ${number} ${outcome.tag} ${outcome.val}`);
  return { imports, calls, setOperation: (operation) => (operations = operation) };
}

/** Runs steps of the adder: delivers `count` outcomes from operation `first` on. */
export async function runSteps(instance: Instance, first: number, count: number): Promise<void> {
  for (let operation = first; operation < first + count; operation++) {
    await instance.deliver(JSON.stringify([{ operation, value: operation }]));
  }
}
