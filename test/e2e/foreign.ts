import { buildWat } from "../components/wat.ts";

/** Memory that grows by every call of `cabi_realloc`, behind what the text has laid down. */
const allocator = `
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))`;

/** A component that was made for another host: it knows nothing of Planaria, and imports what only an adapter has. */
export const openForeign = () =>
  buildWat(
    `(module
      (import "other:api/host@1.1.0" "create-promise" (func $create (param i32)))
      (import "other:api/host@1.1.0" "await-promise" (func $await (param i32 i32 i32)))
      (import "other:api/host@1.1.0" "note" (func $note (param i32 i32)))
      (import "other:api/host@1.1.0" "[constructor]lock" (func $lock (param i32 i32) (result i32)))
      (import "other:api/host@1.1.0" "[method]lock.take" (func $take (param i32) (result i64)))
      (import "other:api/host@1.1.0" "[resource-drop]lock" (func $drop (param i32)))
      ${allocator}
      (data (i32.const 0) "abc")
      (global $calls (mut i32) (i32.const 0))
      (func (export "create") (result i32) (call $create (i32.const 16)) (i32.const 16))
      (func (export "wait") (param i32 i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (call $await (local.get 0) (local.get 1) (i32.const 32))
        (i32.const 32))
      (func (export "waits") (result i32) (global.get $calls))
      (func (export "take") (result i64) (local $held i32) (local $at i64)
        (local.set $held (call $lock (i32.const 0) (i32.const 3)))
        (local.set $at (call $take (local.get $held)))
        (call $drop (local.get $held))
        (local.get $at))
      (func (export "note") (call $note (i32.const 0) (i32.const 3))))`,
    `package other:api@1.1.0;
    interface host {
      record promise { id: string }
      create-promise: func() -> promise;
      await-promise: func(id: string) -> result<string, string>;
      note: func(text: string);
      resource lock { constructor(name: string); take: func() -> u64; }
    }
    world foreign {
      import host;
      export create: func() -> string;
      export wait: func(id: string) -> result<string, string>;
      export waits: func() -> u32;
      export take: func() -> u64;
      export note: func();
    }`,
    "other:api/foreign",
  );

export const foreignAdapter = `
import type { AdapterHost } from "planaria/adapter";

export default (host: AdapterHost) => ({
  createPromise: () => ({ id: host.promise.create() }),
  async awaitPromise(id: string) {
    try {
      return await host.promise.await<string>(id);
    } catch (error) {
      throw (error as { code: string }).code;
    }
  },
  note(text: string) {
    throw new Error(\`no notes of \${text}\`);
  },
  Lock: class {
    #name: string;
    constructor(name: string) {
      this.#name = name;
    }
    async take() {
      await host.sleep(5);
      host.log("info", \`took \${this.#name}\`);
      return BigInt(host.now());
    }
  },
});`;

/** A command that exits with an error if it is given arguments. */
export const openCommand = () =>
  buildWat(
    `(module
      (import "wasi:cli/environment@0.2.3" "get-arguments" (func $arguments (param i32)))
      (import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))
      ${allocator}
      (func (export "wasi:cli/run@0.2.3#run") (result i32)
        (call $arguments (i32.const 16))
        (if (i32.gt_u (i32.load (i32.const 20)) (i32.const 1)) (then (call $exit (i32.const 1))))
        (i32.const 0)))`,
    `package test:command;
    package wasi:cli@0.2.3 {
      interface environment { get-arguments: func() -> list<string>; }
      interface exit { exit: func(status: result); }
      interface run { run: func() -> result; }
    }
    world command {
      import wasi:cli/environment@0.2.3;
      import wasi:cli/exit@0.2.3;
      export wasi:cli/run@0.2.3;
    }`,
    "test:command/command",
  );
