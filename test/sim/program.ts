/** A program for actors, made at random, of which is known what comes of it. */
export interface Program {
  /** The body of an async function, to be told to an actor. */
  body: string;
  value: unknown;
  /** What the counters that it calls count to in the end: each call is made at one place, once. */
  counts: Record<string, number>;
  /** Actors that it calls, and that may be there before. */
  actors: string[];
  /** Its promises in the end, as `state payload`, in any order. */
  promises: string[];
  /** What it fetches, each once. */
  paths: string[];
  /** What somebody outside is to do meanwhile; the first two it waits for. */
  outside: Outside[];
}

/** Something to be done from outside, as soon as there is what it is to be done to. */
export type Outside =
  | { kind: "settle"; promise: string; payload: string }
  | { kind: "cancel"; agent: string }
  | { kind: "fork"; agent: string }
  | { kind: "delete"; agent: string; tree: boolean };

/** The group whose nodes a program calls for, and the one that it names; and the server that it asks. */
export const world = { group: "g", node: "w0", site: "http://site.test" };

/** A part of a program: an expression that stands in an async function. */
interface Part {
  text: string;
  value: unknown;
}

/** Gives a number from 0 up to and without `below`. */
type Pick = (below: number) => number;

const quote = (text: string) => JSON.stringify(text);

/** Makes programs of all that agents do. */
export function makeProgram(pick: Pick): Program {
  const maker = new Maker(pick);
  const { text, value } = maker.all(5, 5);
  const { counts, actors, promises, paths, outside } = maker;
  return { body: `return ${text}`, value, counts, actors, promises, paths, outside };
}

class Maker {
  readonly counts: Record<string, number> = {};
  readonly actors: string[] = [];
  readonly promises: string[] = [];
  readonly paths: string[] = [];
  readonly outside: Outside[] = [];
  readonly #pick: Pick;
  readonly #kinds: ((depth: number) => Part)[];
  #names = 0;

  constructor(pick: Pick) {
    this.#pick = pick;
    const calls = [
      this.#count,
      this.#actor,
      this.#actor,
      this.#function,
      this.#fork,
      this.#left,
      this.#scheduled,
      this.#retried,
    ];
    const waits = [this.#sleep, this.#run, this.#promise, this.#timeout, this.#late, this.#race];
    const others = [
      this.#target,
      this.#target,
      this.#fetch,
      this.#fetch,
      this.#settled,
      this.#contested,
      this.#given,
      this.#copied,
      this.#gone,
      this.#torn,
    ];
    const groups = [(depth: number) => this.all(depth, 2 + pick(3)), this.#sequence];
    const ends = [this.#throw, this.#deletion, this.#treeDeletion, this.#cancellation];
    this.#kinds = [...calls, ...waits, ...others, ...groups, ...ends, ...(pick(4) === 0 ? [this.#trap] : [])];
  }

  /** Several parts at once. */
  all(depth: number, count: number): Part {
    const parts = this.#parts(depth, count);
    const texts = parts.map(({ text }) => `(async () => ${text})()`);
    return { text: `await Promise.all([${texts.join(", ")}])`, value: parts.map(({ value }) => value) };
  }

  #parts(depth: number, count: number): Part[] {
    return Array.from({ length: count }, () => this.#part(depth - 1));
  }

  #part(depth: number): Part {
    const simple = [this.#count, this.#sleep, this.#run];
    const kinds = depth > 0 ? this.#kinds : simple;
    return kinds[this.#pick(kinds.length)]!.call(this, depth);
  }

  #name(): string {
    return quote(`u${this.#names++}`);
  }

  #actorName(): string {
    const name = this.#name();
    this.actors.push(JSON.parse(name) as string);
    return name;
  }

  #counter(count: number): string {
    const name = this.#name();
    this.counts[JSON.parse(name) as string] = count;
    return name;
  }

  #count(): Part {
    const by = 1 + this.#pick(9);
    return { text: `await counter.get(${this.#counter(by)}).add(${by})`, value: by };
  }

  #sleep(): Part {
    return { text: `await sleep(${this.#pick(40)}).then(() => "slept")`, value: "slept" };
  }

  #run(): Part {
    return { text: "await run((n) => n + 1, 1)", value: 2 };
  }

  #actor(depth: number): Part {
    const { text, value } = this.#part(depth - 1);
    return { text: `await actor.get(${this.#actorName()}).act(${quote(`return ${text}`)})`, value };
  }

  #function(depth: number): Part {
    const { text, value } = this.#part(depth - 1);
    return { text: `await rpc(act, [${quote(`return ${text}`)}])`, value };
  }

  #sequence(depth: number): Part {
    const parts = this.#parts(depth, 2 + this.#pick(3));
    return { text: `[${parts.map(({ text }) => text).join(", ")}]`, value: parts.map(({ value }) => value) };
  }

  #promise(): Part {
    const value = this.#pick(100);
    const settle = `await sleep(${this.#pick(30)}); await promise.complete(args[0], ${value})`;
    this.promises.push(`resolved ${value}`);
    const trigger = `actor.get(${this.#name()}).trigger.act(${quote(settle)}, id)`;
    return {
      text: `await (async () => { const id = promise.create(); ${trigger}; return promise.await(id) })()`,
      value,
    };
  }

  /** In an actor of its own, since a fork goes on with all that goes on there. */
  #fork(): Part {
    const value = this.#pick(100);
    this.promises.push(`resolved ${value}`);
    const before = this.#part(0);
    const body = `
      const before = ${before.text};
      const id = promise.create();
      const side = await fork();
      await counter.get(${this.#counter(2)}).add(1);
      if (side.kind === "forked") return promise.complete(id, ${value});
      return [before, await promise.await(id)]`;
    return { text: `await actor.get(${this.#name()}).act(${quote(body)})`, value: [before.value, value] };
  }

  #throw(): Part {
    const body = `${this.#pick(2) === 0 ? "await sleep(3); " : ""}throw new RangeError("thrown")`;
    return {
      text: `await actor.get(${this.#actorName()}).act(${quote(body)}).catch((e) => e.name)`,
      value: "RangeError",
    };
  }

  #trap(): Part {
    const name = this.#name();
    const trapped = `await actor.get(${name}).act("kept.a = 1; await sleep(2); kept.a = 2; trap()").catch((e) => e.name)`;
    return { text: `[${trapped}, await actor.get(${name}).act("return kept.a")]`, value: ["TrapError", 1] };
  }

  /** A call that nobody awaits. */
  #left(): Part {
    return { text: `(void counter.get(${this.#counter(1)}).add(1), "left")`, value: "left" };
  }

  #scheduled(): Part {
    const at = `now() + ${this.#pick(100)}`;
    return { text: `(counter.get(${this.#counter(1)}).at(${at}).add(1), "scheduled")`, value: "scheduled" };
  }

  #timeout(): Part {
    this.promises.push("timed-out null");
    const id = `promise.create({ timeoutMs: ${this.#pick(30)} })`;
    return { text: `await promise.await(${id}).catch((e) => e.code)`, value: "promise/timed-out" };
  }

  /** A call that succeeds at its third attempt. */
  #retried(depth: number): Part {
    const { text, value } = this.#part(depth - 1);
    const body = `kept.n = (kept.n ?? 0) + 1; if (kept.n < 3) throw new Error("not yet"); return ${text}`;
    const policy = `{ attempts: 3, firstMs: ${this.#pick(20)} }`;
    return { text: `await actor.get(${this.#actorName()}).with({ retry: ${policy} }).act(${quote(body)})`, value };
  }

  /** A call that takes too long. */
  #late(): Part {
    const call = `actor.get(${this.#name()}).with({ timeoutMs: ${this.#pick(30)} }).act("await sleep(1e9, { signal: signal() })")`;
    return { text: `await ${call}.catch((e) => e.code)`, value: "rpc/timed-out" };
  }

  /** Leaves a sleep behind. */
  #race(): Part {
    return { text: `await Promise.race([sleep(2_000), run(() => "fast")])`, value: "fast" };
  }

  #deletion(): Part {
    const name = this.#name();
    const [make, ask] = [
      `"kept.a = 1"`,
      quote(`await counter.get(${this.#counter(1)}).add(1); return kept.a ?? "new"`),
    ];
    const parts = [
      `await actor.get(${name}).act(${make})`,
      `await actor.get(${name}).delete()`,
      `await actor.get(${name}).act(${ask})`,
    ];
    return { text: `[${parts.join(", ")}]`, value: [null, null, "new"] };
  }

  /** What an agent has brought to life goes with it, or outlives it. */
  #treeDeletion(): Part {
    const [name, tree] = [this.#name(), this.#pick(2) === 0];
    // Nobody else may have brought it to life.
    const child = quote(`child of ${JSON.parse(name) as string}`);
    const make = `kept.a = 1; await actor.get(${child}).act("kept.a = 1; return rpc(act, ['return 1'])")`;
    const ask = (who: string) => `await actor.get(${who}).act("return kept.a ?? 'new'")`;
    const parts = [
      `await actor.get(${name}).act(${quote(make)})`,
      `await actor.get(${name}).delete({ tree: ${tree} })`,
      ask(name),
      ask(child),
    ];
    return { text: `[${parts.join(", ")}]`, value: [null, null, "new", tree ? "new" : 1] };
  }

  #cancellation(): Part {
    const call = `actor.get(${this.#name()}).act("await new Promise((go) => signal().addEventListener('abort', go))")`;
    const text = `await (async () => { const c = ${call}; await sleep(${1 + this.#pick(5)}); c.cancel(); return c.catch((e) => e.code) })()`;
    return { text, value: "operation/canceled" };
  }

  /** A call that nodes of the group take. */
  #target(depth: number): Part {
    const { text, value } = this.#part(depth - 1);
    const { group, node } = world;
    const target = [`any@${group}`, `any@${group}/${node}`, `uni@${group}/${node}`][this.#pick(3)];
    const [options, body] = [`{ target: "poll://${target}" }`, quote(`return ${text}`)];
    const call = this.#pick(2)
      ? `rpc(act, [${body}], ${options})`
      : `actor.get(${this.#name()}).with(${options}).act(${body})`;
    return { text: `await ${call}`, value };
  }

  /** A request to a server that may drop it. */
  #fetch(): Part {
    const path = `/${JSON.parse(this.#name()) as string}`;
    this.paths.push(path);
    const retry = `{ attempts: 30, firstMs: ${1 + this.#pick(20)}, factor: 1 }`;
    return { text: `await (await fetch("${world.site}${path}", { retry: ${retry} })).text()`, value: `GET ${path}` };
  }

  #settled(): Part {
    const [promise, value] = [JSON.parse(this.#name()) as string, this.#pick(100)];
    this.promises.push(`resolved ${value}`);
    this.outside.push({ kind: "settle", promise, payload: `${value}` });
    return { text: `await promise.await(promise.create({ id: ${quote(promise)} }))`, value };
  }

  /** Agents and somebody outside settle it alike, all about the same time. */
  #contested(): Part {
    const [promise, value] = [JSON.parse(this.#name()) as string, this.#pick(100)];
    this.promises.push(`resolved ${value}`);
    this.outside.push({ kind: "settle", promise, payload: `${value}` });
    const settle = quote(`await sleep(${this.#pick(30)}); await promise.complete(args[0], ${value})`);
    const triggers = [0, 1].map(() => `actor.get(${this.#name()}).trigger.act(${settle}, id)`);
    const id = `promise.create({ id: ${quote(promise)} })`;
    return {
      text: `await (async () => { const id = ${id}; ${triggers.join("; ")}; return promise.await(id) })()`,
      value,
    };
  }

  /** An agent to which something happens from outside, at any time: its call ends, somehow. */
  #struck(body: string, ...strikes: ((agent: string) => Outside)[]): Part {
    const name = this.#name();
    for (const strike of strikes) this.outside.push(strike(`actor(${name})`));
    return { text: `await actor.get(${name}).act(${quote(body)}).then(() => "over", () => "over")`, value: "over" };
  }

  #given(): Part {
    const body = "await new Promise((go) => signal().addEventListener('abort', go))";
    return this.#struck(body, (agent) => ({ kind: "cancel", agent }));
  }

  #copied(): Part {
    const body = `kept.n = await run((n) => n + 1, 1); await sleep(${1 + this.#pick(60)}); return [kept.n, await run(() => 3)]`;
    return this.#struck(body, (agent) => ({ kind: "fork", agent }));
  }

  #gone(): Part {
    const tree = this.#pick(2) === 0;
    const leaf = `await sleep(${1 + this.#pick(40)}); return rpc(act, ["await sleep(${1 + this.#pick(40)})"])`;
    const child = `actor.get("of " + self.id).act(${quote(leaf)})`;
    return this.#struck(`await ${child}; await sleep(${1 + this.#pick(40)})`, (agent) => ({
      kind: "delete",
      agent,
      tree,
    }));
  }

  /** Copied and deleted at about the same time: its copies go on without it. */
  #torn(): Part {
    const tree = this.#pick(2) === 0;
    const [before, behind] = [1 + this.#pick(40), 1 + this.#pick(40)];
    const body = `kept.n = await run((n) => n + 1, 1); await sleep(${before}); return rpc(act, ["await sleep(${behind})"])`;
    return this.#struck(
      body,
      (agent) => ({ kind: "fork", agent }),
      (agent) => ({ kind: "fork", agent }),
      (agent) => ({ kind: "delete", agent, tree }),
    );
  }
}
