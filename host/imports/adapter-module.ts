import { HostError, isHostError } from "../base/error.ts";
import type { AdapterHost } from "./adapter-host.ts";
import { OperationError } from "./adapter-wait.ts";
import type { Adapter } from "./adapter.ts";

type Callable = (...args: unknown[]) => unknown;

/**
 * Loads the ES module of an adapter, which stands in for the interface `name`.
 *
 * Errors: HostError `component/bad-adapter` if it does not load, or has no function as its default export. Its functions
 *         throw HostError `guest/adapter` when the adapter throws what is no value of WIT.
 */
export async function loadAdapter(name: string, source: string): Promise<Adapter> {
  const make = await importDefault(name, source);
  return ({ host, wait }) => {
    const functions = make(host);
    if (typeof functions !== "object" || functions === null) throw refuse(name, "gives no object of functions");
    /** The same function, in which the adapter may await what the host gives. */
    const drive = (called: string, call: Callable): Callable =>
      async function (this: unknown, ...args) {
        try {
          return await wait.run(() => call.apply(this, args));
        } catch (error) {
          throw explain(`${name}#${called}`, error);
        }
      };
    const driven = Object.entries(functions).map(([key, value]) => [
      key,
      typeof value !== "function"
        ? value
        : isClass(key)
          ? driveClass(key, value, drive)
          : drive(key, value as Callable),
    ]);
    return Object.fromEntries(driven) as ReturnType<Adapter>;
  };
}

/** Resources are named in Pascal case, functions in camel case. */
export const isClass = (key: string): boolean => /^[A-Z]/.test(key);

async function importDefault(name: string, source: string): Promise<(host: AdapterHost) => object> {
  let module: { default?: unknown };
  try {
    module = (await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`)) as typeof module;
  } catch (cause) {
    throw refuse(name, `does not load: ${(cause as Error).message}`, cause);
  }
  if (typeof module.default === "function") return module.default as (host: AdapterHost) => object;
  throw refuse(name, "has no function as its default export");
}

function refuse(name: string, why: string, cause?: unknown): HostError {
  const message = `The adapter of ${name} ${why}. It is \`export default (host) => ({ …functions })\`.`;
  return new HostError("component/bad-adapter", message, { data: { interface: name }, cause });
}

/** Puts driven methods in the place of those of a class, which is this instance's own: its objects stay what they are. */
function driveClass(key: string, made: Function, drive: (called: string, call: Callable) => Callable): Function {
  for (const [at, prefix] of [
    [made.prototype, "method"],
    [made, "static"],
  ] as const) {
    for (const [method, call] of listMethods(at))
      Object.defineProperty(at, method, { value: drive(`[${prefix}]${key}.${method}`, call), configurable: true });
  }
  return made;
}

/** The methods of an object, inherited ones included. */
function listMethods(of: object): Map<string, Callable> {
  const methods = new Map<string, Callable>();
  for (let at = of; at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === "function" && name !== "constructor" && !methods.has(name))
        methods.set(name, value as Callable);
  }
  return methods;
}

/**
 * What the guest is to meet when an adapter has thrown: what is no error is the error of a WIT result. Anything else ends
 * the step.
 */
function explain(called: string, error: unknown): unknown {
  if (!(error instanceof Error) || Object.hasOwn(error, "payload")) return error;
  const code = error instanceof OperationError ? error.code : isHostError(error) ? error.code : undefined;
  if (isHostError(error) && code !== "guest/adapter") return error;
  const message = `The adapter's ${called} failed: ${error.message}`;
  return new HostError(code ?? "guest/adapter", message, { data: { function: called }, cause: error });
}
