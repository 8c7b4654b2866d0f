import { fileURLToPath } from "node:url";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

const witPath = fileURLToPath(new URL("../../wit", import.meta.url));

/** What stands in a program's words at the address `program`: the number of an import, and what it is called with. */
export const program = 1_024;

interface CoreImport {
  interface: string;
  name: string;
  /** One letter for each parameter of the core function, and one for its result, as the canonical ABI has them. */
  params: string;
  result: string;
}

/** All that world `agent` imports, as core Wasm sees it: texts are addresses and lengths, long lists of parameters lie in memory. */
export const coreImports: readonly CoreImport[] = [
  { interface: "operation", name: "cancel", params: "i", result: "" },
  { interface: "rpc", name: "call-agent", params: "i", result: "i" },
  { interface: "rpc", name: "call-function", params: "i", result: "i" },
  { interface: "rpc", name: "delete-agent", params: "iii", result: "i" },
  { interface: "promise", name: "create", params: "iiiili", result: "" },
  { interface: "promise", name: "await", params: "ii", result: "i" },
  { interface: "promise", name: "complete", params: "iiii", result: "i" },
  { interface: "promise", name: "reject", params: "iiii", result: "i" },
  { interface: "promise", name: "cancel", params: "ii", result: "i" },
  { interface: "fork", name: "fork", params: "", result: "i" },
  { interface: "time", name: "now", params: "", result: "l" },
  { interface: "time", name: "sleep", params: "l", result: "i" },
  { interface: "random", name: "bytes", params: "ii", result: "" },
  { interface: "log", name: "log", params: "iii", result: "" },
  { interface: "http", name: "fetch", params: "i", result: "i" },
  { interface: "run", name: "start", params: "iiii", result: "i" },
  { interface: "run", name: "finish", params: "iiii", result: "" },
  { interface: "invocation", name: "finish", params: "iiii", result: "" },
];

const wasmType: Record<string, string> = { i: "i32", l: "i64" };
const description = JSON.stringify({
  sdk: "core",
  agents: [{ name: "core", params: [], methods: null }],
  functions: [],
});

/**
 * A component without a language: its `invoke` calls one import with whatever words stand at `program`, each in 8 bytes.
 * With `describe`, its description is said to be there: an address and a length; or it is what that code does.
 */
export async function buildCoreGuest(describe?: { at: number; length: number } | string): Promise<Uint8Array> {
  const said = typeof describe === "object" ? describe : { at: 16, length: description.length };
  const code = typeof describe === "string" ? describe : "(i32.const 0)";
  const declared = coreImports.map(({ interface: from, name, params, result }, index) => {
    const types = [...params].map((letter) => ` (param ${wasmType[letter]})`).join("");
    const returned = result === "" ? "" : ` (result ${wasmType[result]})`;
    return `(import "planaria:host/${from}@0.1.0" "${name}" (func $f${index}${types}${returned}))`;
  });
  const calls = coreImports.map(({ params, result }, index) => {
    const loads = [...params].map((letter, at) => `(${wasmType[letter]}.load (i32.const ${program + 8 * (at + 1)}))`);
    const call = `(call $f${index} ${loads.join(" ")})`;
    return `(if (i32.eq (local.get $which) (i32.const ${index})) (then ${result === "" ? call : `(drop ${call})`}))`;
  });
  const guest = "planaria:host/guest@0.1.0";
  const core = await parse(`(module
    ${declared.join("\n")}
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 131072))
    (data (i32.const 0) "${littleEndian(said.at)}${littleEndian(said.length)}")
    (data (i32.const 16) "${description.replaceAll('"', '\\"')}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func (export "${guest}#describe") (result i32) ${code})
    (func $run (param i32 i32) (local $which i32)
      (global.set $free (i32.const 131072))
      (local.set $which (i32.load (i32.const ${program})))
      ${calls.join("\n")})
    (func (export "${guest}#invoke") (param i32 i32) (call $run (local.get 0) (local.get 1)))
    (func (export "${guest}#deliver") (param i32 i32)))`);
  return componentNew(await componentEmbed({ binary: core, witPath, world: "agent" }));
}

const littleEndian = (number: number): string =>
  [0, 8, 16, 24].map((shift) => `\\${((number >>> shift) & 255).toString(16).padStart(2, "0")}`).join("");
