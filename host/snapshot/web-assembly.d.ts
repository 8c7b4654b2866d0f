/** The part of the WebAssembly JavaScript interface that Planaria uses; neither TypeScript's ES library nor Node's types have it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): { name: string; kind: string }[];
  }
  class Instance {
    readonly exports: Record<string, unknown>;
    constructor(module: Module, imports?: object);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    constructor(descriptor: { initial: number; maximum?: number });
    /** Grows by that many units of 64 KiB and returns the size before. */
    grow(by: number): number;
  }
  class Global {
    value: number | bigint;
    constructor(descriptor: { value: "i32" | "i64" | "f32" | "f64"; mutable?: boolean }, value?: number | bigint);
  }
  class RuntimeError extends Error {}
  class CompileError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports?: object): Promise<Instance>;
}
