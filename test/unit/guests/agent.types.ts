// Checked by the compiler alone: what a guest's author can get wrong does not compile.

import { agent, fork, promise, rpc, run, sleep, type Call, type Triggered } from "planaria/guest";

const cell = agent(async (name: string, first = 0) => {
  let value = first;
  return {
    name,
    set(next: number) {
      value = next;
      return value;
    },
    get: async () => ({ value, at: "now" as const }),
    label: (prefix: string, suffix?: string) => prefix + suffix,
  };
});

class Stack {
  items: string[] = [];
  push(item: string) {
    return this.items.push(item);
  }
}
const stack = agent(() => new Stack());
const add = (a: number, b = 1) => a + b;

export function clients() {
  const client = cell.get("a");
  const set: Call<number> = client.set(1);
  const got: Promise<{ value: number; at: "now" }> = client.get();
  const labels: Call<string>[] = [client.label("a"), client.label("a", "b")];
  const triggered: Triggered[] = [
    client.trigger.set(1),
    client.at(5).set(1),
    client.at(new Date(5)).set(1),
    client.with({ detached: true }).set(1),
  ];
  const keyed: Call<number> = client.with({ key: "k", at: 5 }).set(1);
  const pushed: Call<number> = stack.get().push("x");
  const deleted: Call<void>[] = [client.delete(), client.delete({ tree: true })];
  // @ts-expect-error a type deletes nothing, its agents do
  cell.delete("a", 2);
  // @ts-expect-error there is no such option
  void client.delete({ trees: true });
  // @ts-expect-error nobody can be told to delete something without being asked
  void client.trigger.delete;
  // @ts-expect-error a parameter is missing
  cell.get();
  // @ts-expect-error a parameter has the wrong type
  cell.get(1);
  // @ts-expect-error a parameter with a default has the default's type
  cell.get("a", "b");
  // @ts-expect-error there is no such method
  client.sett(1);
  // @ts-expect-error what is no function is no method
  void client.name;
  // @ts-expect-error an argument has the wrong type
  void client.set("1");
  // @ts-expect-error an argument is missing
  client.trigger.set();
  // @ts-expect-error a triggered call has no outcome
  void client.trigger.set(1).then;
  // @ts-expect-error so has a detached one
  void client.with({ detached: true }).set(1).then;
  // @ts-expect-error a moment is a date or a number
  client.at("tomorrow").set(1);
  const limited: Call<number> = client.with({ timeoutMs: 5, retry: 3, target: "poll://any@g" }).set(1);
  const patient: Call<number> = client
    .with({ retry: { attempts: 3, only: ["a/b"] }, signal: AbortSignal.abort() })
    .set(1);
  // @ts-expect-error there is no such option
  void client.with({ kay: "k" }).set(1);
  // @ts-expect-error a timeout is a number
  void client.with({ timeoutMs: "5s" }).set(1);
  // @ts-expect-error nobody waits for it, so nobody gives it up
  void client.with({ detached: true, timeoutMs: 5 }).set(1);
  // @ts-expect-error there is no such option of a retry
  void client.with({ retry: { attemts: 3 } }).set(1);
  // @ts-expect-error the errors of a retry are a list
  void client.with({ retry: { only: "a/b" } }).set(1);
  // @ts-expect-error a target is a text
  void client.with({ target: { group: "g" } }).set(1);
  // @ts-expect-error a signal comes of a controller
  void client.with({ signal: true }).set(1);
  // @ts-expect-error fields of a class are no methods
  void stack.get().items;
  return { set, got, labels, triggered, keyed, limited, patient, pushed, deleted };
}

export function names() {
  // @ts-expect-error a client has an "at" of its own
  agent(() => ({ at: () => 1 }));
  // @ts-expect-error a client has an "id" of its own
  agent(() => ({ id: () => 1 }));
  // @ts-expect-error an object with a "then" is taken for a promise
  // oxlint-disable-next-line unicorn/no-thenable
  agent(() => ({ then: (x: number) => x }));
  // @ts-expect-error a factory makes an object
  agent(() => 5);
  // @ts-expect-error an agent is made by a function
  agent({});
  // @ts-expect-error a client has a "delete" of its own
  agent(() => ({ delete: () => 1 }));
  return agent(() => ({ remove: () => 1, get: () => 2, trigger1: () => 3 }))
    .get()
    .remove();
}

export async function calls() {
  const sum: number = await run(add, 1, 2);
  const awaited: Call<number> = run(async (n: number) => n, 5);
  const apart: Call<number> = rpc(add, [1]);
  const named: Call<string> = rpc<string>("greet", ["x"]);
  const unknown: Call<unknown> = rpc("greet");
  const detached: Triggered = rpc(add, [1, 2], { detached: true });
  const nap: Promise<void> = sleep(5, { signal: AbortSignal.abort() });
  // @ts-expect-error a sleep takes no timeout
  void sleep(5, { timeoutMs: 5 });
  // @ts-expect-error an argument has the wrong type
  void run(add, "1");
  // @ts-expect-error there are too many arguments
  void run(add, 1, 2, 3);
  // @ts-expect-error an argument has the wrong type
  void rpc(add, ["1"]);
  // @ts-expect-error a detached call can't be awaited as one
  const wrong: Call<number> = rpc(add, [1, 2], { detached: true });
  return { sum, awaited, apart, named, unknown, detached, nap, wrong };
}

export async function promises() {
  const id = promise.create<string>({ timeoutMs: 5 });
  const text: string = await promise.await(id);
  const first: boolean = await promise.complete(id, "x");
  const any: promise.Id = id;
  // @ts-expect-error the promise is one of a string
  void promise.complete(id, 5);
  // @ts-expect-error a promise of anything is no promise of a number
  const numeric: promise.Id<number> = id;
  const side = await fork();
  // @ts-expect-error only the original knows its fork
  void side.fork;
  return side.kind === "original" ? [side.fork, text, first, any, numeric] : [side.parent];
}
