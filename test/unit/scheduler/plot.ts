import type { Entry } from "../../../host/oplog/entry.ts";
import type { Node } from "./scene.ts";

/** A run in which everything happens that an engine has to bring through a crash. Told to `actor("main")`. */
const script = `
  const one = counter.get("one");
  const first = [await one.add(1), await one.add(1), await one.add(1)];
  const many = await Promise.all([1, 2, 3].map((by) => counter.get("many").add(by)));
  const apart = await Promise.all([1, 2].map((n) => rpc(act, ["await sleep(5); return args[0] * 10", n])));
  const here = await run((n) => n + 1, 41);

  const ids = [0, 1].map(() => promise.create());
  for (let i = 0; i < 2; i += 1) {
    const side = await fork();
    if (side.kind === "forked") {
      await counter.get("forks").add(1);
      await promise.complete(ids[i], "fork " + i);
      return "fork " + i;
    }
  }
  const forked = await Promise.all(ids.map((id) => promise.await(id)));

  actor.get("answerer").trigger.act("await sleep(20); return promise.complete('asked', 'yes')");
  const answer = await promise.await(promise.create({ id: "asked" }));

  const caught = [];
  const note = (error) => void caught.push(error.code ?? error.name);
  const bad = actor.get("bad");
  await bad.act("kept.n = (kept.n ?? 0) + 1; throw new RangeError('no')").catch(note);
  await bad.act("kept.m = 1; await sleep(1); kept.m = 2; trap()").catch(note);
  const remembered = await bad.act("return kept");

  await actor.get("gone").act("kept.x = 1");
  await actor.get("gone").delete();
  const gone = await actor.get("gone").act("return kept.x ?? 'fresh'");

  const aborted = "await new Promise((go) => signal().addEventListener('abort', go)); await counter.get('aborted').add(1)";
  const canceled = actor.get("slow").act(aborted);
  await sleep(3);
  canceled.cancel();
  await canceled.catch(note);

  const policy = { attempts: 3, firstMs: 5, factor: 1, jitter: 0 };
  const trying = "kept.n = (kept.n ?? 0) + 1; await counter.get('tries').add(1); if (kept.n < 3) throw new Error('no'); return kept.n";
  const tried = [await actor.get("tries").with({ retry: policy }).act(trying)];
  tried.push(await rpc(act, ["const n = await counter.get('tries').add(1); if (n < 6) trap(); return n"], { retry: policy }));
  const late = "await sleep(1e6, { signal: signal() }).catch(() => counter.get('late').add(1)); throw new Error('late')";
  await actor.get("late").with({ timeoutMs: 2_000 }).act(late).catch(note);
  await actor.get("late").with({ timeoutMs: 1e6, retry: policy }).act("return 1");

  counter.get("later").at(now() + 50).add(1);
  counter.get("triggered").trigger.add(1);
  return { first, many, apart, here, forked, answer, caught, remembered, gone, tried };`;

const counters = ["one", "many", "forks", "aborted", "later", "triggered", "outside", "tries", "late"];

/** Agents whose inputs come one by one in the same order, whatever happens to the process. */
const deterministic = [
  ...counters.map((name) => `counter("${name}")`),
  'actor("bad")',
  'actor("gone")',
  'actor("slow")',
  'actor("answerer")',
  'actor("tries")',
  'actor("late")',
];

/** Asks for all that the plot is about, and waits until everything has come to rest. The same keys give the same calls. */
export async function play(node: Node): Promise<unknown> {
  const asked = await Promise.all([
    node.startAct('actor("main")', script, [], "main"),
    node.start('counter("outside").add', [10], "outside"),
  ]);
  const outcomes = await Promise.all(asked.map((each) => node.value(each)));
  await node.settled();
  await node.pass(1_000);
  await node.settled();
  return outcomes;
}

/** What is left of the plot, and must be the same whether the process died or not. */
export async function review(node: Node) {
  const { store } = node;
  const agents: string[] = [];
  for (const { id, state } of await store.agents()) {
    const [queue, operations] = [await store.queue(id), await store.operations(id)];
    agents.push(`${id} is ${state}, with ${queue.length} to do and ${operations.length} to wait for`);
  }
  const promises = (await store.promises()).map(({ id, state, payload }) => `${id} ${state} ${payload}`);
  const histories: Record<string, Entry[]> = {};
  for (const id of deterministic) histories[id] = (await node.entries(id)).filter(({ kind }) => kind !== "stepped");
  return { agents: agents.toSorted(), promises: promises.toSorted(), histories };
}

/** The memories that come of replaying what is in the store. */
export async function recall(node: Node): Promise<Record<string, string>> {
  const memories: Record<string, string> = {};
  for (const id of [...deterministic, 'actor("main")']) {
    const { mismatch, memory } = await node.replay(id);
    const isComparable = id !== 'actor("main")';
    memories[id] = mismatch ? `left its path at entry ${mismatch.index}` : isComparable ? memory : "";
  }
  return memories;
}
