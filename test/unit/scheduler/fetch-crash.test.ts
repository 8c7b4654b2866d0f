import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import { agentId } from "../../../host/base/id.ts";
import { FakeHttp, headerOf, type Route } from "../http/fake-http.ts";
import { dieAtCommit } from "../../../host/testing/dying-store.ts";
import { failCommits } from "./faults.ts";
import { Scene, type Node } from "./scene.ts";

const site = "http://site.test";

/** A run in which everything happens that fetches can come to. */
const script = `
  const text = async (path, init) => (await fetch("${site}" + path, init)).text();
  const one = await text("/plain");
  const many = await Promise.all([1, 2, 3].map((n) => text("/plain?" + n)));
  const twice = await text("/flaky", { retry: { attempts: 5, firstMs: 10, jitter: 0 } });
  const moved = await text("/moved", { method: "POST", body: "x" });
  const shared = text("/slow");
  const side = await fork();
  const both = [side.kind, await shared];
  if (side.kind === "forked") return both;
  const denied = await fetch("http://elsewhere.test/").catch((error) => error.code);
  const late = await fetch("${site}/never", { timeoutMs: 30 }).catch((error) => error.code);
  const dropped = await fetch("${site}/never", { signal: AbortSignal.timeout(5) }).catch((error) => error.name);
  return { one, many, twice, moved, both, denied, late, dropped };`;

const wanted = {
  one: "GET /plain",
  many: ["GET /plain?1", "GET /plain?2", "GET /plain?3"],
  twice: "GET /flaky",
  moved: "GET /plain",
  both: ["original", "GET /slow"],
  denied: "http/denied",
  late: "http/timed-out",
  dropped: "TimeoutError",
};

/** A server that outlives the hosts. */
function makeSite({ clock }: Scene): FakeHttp {
  const echo: Route = ({ url, method }) => ({ body: `${method} ${url.pathname}${url.search}` });
  const seen = new Set<string | null>();
  const flaky: Route = (request, count) => {
    const key = headerOf(request, "idempotency-key");
    if (seen.has(key)) return echo(request, count);
    seen.add(key);
    return new HostError("http/failed", "The connection was closed.");
  };
  const slow: Route = async (request, count) => {
    await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + 40, resolve));
    return echo(request, count);
  };
  return new FakeHttp({
    ...Object.fromEntries(["", "?1", "?2", "?3"].map((query) => [`${site}/plain${query}`, echo])),
    [`${site}/flaky`]: flaky,
    [`${site}/moved`]: () => ({ status: 303, headers: [["location", "/plain"]] }),
    [`${site}/slow`]: slow,
    [`${site}/never`]: () => new Promise(() => {}),
  });
}

interface Life {
  node: Node;
  http: FakeHttp;
  outcome: unknown;
  fork: unknown;
  /** How many commits the first host made. */
  commits: number;
}

/** Lets it run; each host dies at the commit that `fatal` gives, until one lives to the end. */
async function live(fatal: (life: number) => number, when: "before" | "after"): Promise<Life> {
  const scene = new Scene();
  scene.hurry = true;
  const http = makeSite(scene);
  let commits = 0;
  for (let life = 0; ; life += 1) {
    const dying = dieAtCommit(fatal(life), when);
    const node = await scene.open({ http, wrap: dying.wrap, settings: { allowedHosts: ["site.test"] } });
    const played = await Promise.race([play(node), dying.death]);
    if (life === 0) commits = dying.count();
    if (played && dying.spare()) return { node, http, ...played, commits };
    node.kill();
  }
}

async function play(node: Node) {
  const ref = await node.startAct('actor("main")', script, [], "asked");
  const outcome = await node.value(ref);
  const { forks } = await node.run(node.host.inspect(ref.agent));
  return { outcome, fork: await node.value({ agent: forks[0]!.id, key: ref.key }) };
}

/** Which request bore which key, each once. */
const listKeys = ({ sent }: FakeHttp) =>
  [
    ...new Set(sent.map((request) => `${headerOf(request, "idempotency-key")} ${request.method} ${request.url.href}`)),
  ].toSorted();

const calm = await live(() => 0, "after");
const keys = listKeys(calm.http);

describe("a host that dies while its agents fetch", () => {
  test("fetches each thing once if it does not", () => {
    expect(calm).toMatchObject({ outcome: wanted, fork: ["forked", "GET /slow"] });
    expect(calm.http.sent).toHaveLength(keys.length + 1); // /flaky, twice
    expect(calm.commits).toBeGreaterThan(15);
  });

  const points = Array.from({ length: calm.commits - 2 }, (_, index) => index + 2);
  test.each(points)("when commit %i is on disk sends again what had no answer, under the same key", async (commit) => {
    await expectTheSame(await live((life) => (life === 0 ? commit : 0), "after"));
  });

  test.each(points)("before commit %i does so, too", async (commit) => {
    await expectTheSame(await live((life) => (life === 0 ? commit : 0), "before"));
  });

  test.each(points)("or only loses commit %i to another node comes to the same end", async (commit) => {
    const scene = new Scene();
    scene.hurry = true;
    const http = makeSite(scene);
    const conflict = new HostError("store/conflict", "Another node was faster.");
    const wrap = failCommits((count) => (count === commit ? conflict : null));
    const node = await scene.open({ http, wrap, settings: { allowedHosts: ["site.test"] } });
    await expectTheSame({ node, http, ...(await play(node)), commits: 0 });
  });

  test.each([3, 5])("again and again, at every %ith commit, gets to the end all the same", async (commit) => {
    await expectTheSame(await live(() => commit, "after"));
  });
});

async function expectTheSame({ node, http, outcome, fork }: Life): Promise<void> {
  expect({ outcome, fork }).toEqual({ outcome: calm.outcome, fork: calm.fork });
  expect(listKeys(http)).toEqual(keys);
  expect(await node.replay(agentId('actor("main")'))).toMatchObject({ mismatch: null });
  await node[Symbol.asyncDispose]();
}
