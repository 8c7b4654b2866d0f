/** A program for actors, made at random, of which is known what comes of it. */
export interface Program {
  /** The body of an async function, to be told to an actor. */
  body: string;
  value: unknown;
  /** What the counters that it calls count to in the end: each call is made at one place, once. */
  counts: Record<string, number>;
}

/** A part of a program: an expression that stands in an async function. */
interface Part {
  text: string;
  value: unknown;
}

/** Gives a number from 0 up to and without `below`. */
type Pick = (below: number) => number;

const quote = (text: string) => JSON.stringify(text);

/** Makes programs of all that agents do; `alone` says that no other node may own what is called. */
export function makeProgram(pick: Pick, alone: boolean): Program {
  const maker = new Maker(pick, alone);
  const { text, value } = maker.all(4, 4);
  return { body: `return ${text}`, value, counts: maker.counts };
}

class Maker {
  readonly counts: Record<string, number> = {};
  readonly #pick: Pick;
  readonly #kinds: ((depth: number) => Part)[];
  #names = 0;

  constructor(pick: Pick, alone: boolean) {
    this.#pick = pick;
    const calls = [this.#count, this.#actor, this.#actor, this.#function, this.#fork, this.#left, this.#scheduled];
    const waits = [this.#sleep, this.#run, this.#promise, this.#timeout, this.#race];
    const groups = [(depth: number) => this.all(depth, 2 + pick(3)), this.#sequence];
    // Neither reaches another node's agents.
    const local = alone ? [this.#deletion, this.#cancellation] : [];
    this.#kinds = [...calls, ...waits, ...groups, this.#throw, ...local, ...(pick(4) === 0 ? [this.#trap] : [])];
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
    return { text: `await actor.get(${this.#name()}).act(${quote(`return ${text}`)})`, value };
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
    const trigger = `actor.get(${this.#name()}).trigger.act(${quote(settle)}, id)`;
    return {
      text: `await (async () => { const id = promise.create(); ${trigger}; return promise.await(id) })()`,
      value,
    };
  }

  /** In an actor of its own, since a fork goes on with all that goes on there. */
  #fork(): Part {
    const value = this.#pick(100);
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
    return { text: `await actor.get(${this.#name()}).act(${quote(body)}).catch((e) => e.name)`, value: "RangeError" };
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
    const id = `promise.create({ timeoutMs: ${this.#pick(30)} })`;
    return { text: `await promise.await(${id}).catch((e) => e.code)`, value: "promise/timed-out" };
  }

  /** Leaves a sleep behind. */
  #race(): Part {
    return { text: `await Promise.race([sleep(100_000), run(() => "fast")])`, value: "fast" };
  }

  #deletion(): Part {
    const name = this.#name();
    const [make, ask] = [
      `"kept.a = 1"`,
      quote(`await counter.get(${this.#counter(1)}).add(1); return kept.a ?? "new"`),
    ];
    const parts = [
      `await actor.get(${name}).act(${make})`,
      `await actor.delete(${name})`,
      `await actor.get(${name}).act(${ask})`,
    ];
    return { text: `[${parts.join(", ")}]`, value: [null, null, "new"] };
  }

  #cancellation(): Part {
    const call = `actor.get(${this.#name()}).act("await new Promise((go) => signal().addEventListener('abort', go))")`;
    const text = `await (async () => { const c = ${call}; await sleep(${1 + this.#pick(5)}); c.cancel(); return c.catch((e) => e.code) })()`;
    return { text, value: "operation/canceled" };
  }
}
