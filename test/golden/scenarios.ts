import { HostError } from "../../host/base/error.ts";
import { promiseId } from "../../host/base/id.ts";
import type { Play } from "./play.ts";
import { site } from "./site.ts";

/** Lets agents do something, and says which of them is to be recorded. */
export type Scenario = (play: Play) => Promise<string>;

const files = [
  { path: "worm.md", text: "# Worms\n\nA worm, cut in two, is [two worms](https://example.org/worms).\n" },
  { path: "wörm.md", text: "## Wörme\n\n```\n# no heading, 蟲\n```\n" },
];

/** What each golden is a record of, by the name of its file. */
export const scenarios: Record<string, Scenario> = {
  coordinator: async (play) => {
    await play.call('coordinator("c1").dispatchAndCollect', ["eu", "us", "asia"]);
    return 'coordinator("c1")';
  },
  "coordinator-fork": async (play) => {
    await play.call('coordinator("c2").multiFork', 3);
    return play.forkOf('coordinator("c2")');
  },
  "enrich-batch": async (play) => {
    const ids = Array.from({ length: 60 }, (_, i) => `id${i}`);
    return (await play.call("enrichBatch", ids)).agent;
  },
  "counter-reopened": async (play) => {
    for (let i = 0; i < 140; i += 1) await play.call('counter("long").add', i);
    await play.reopen();
    for (let i = 0; i < 40; i += 1) await play.call('counter("long").add', -i);
    const { agent } = await play.host.inspect((await play.call('counter("long").get')).agent);
    if (!agent.snapshot) throw new HostError("base/invariant", "A long life has a snapshot.");
    return agent.id;
  },
  account: async (play) => {
    await play.call('account("ann").deposit', 1_000);
    await play.call("transfer", "ann", "bob", 300);
    await play.call('account("ann").withdraw', 701);
    await play.call('account("ann").deposit', -1);
    return 'account("ann")';
  },
  "account-fork-from-outside": async (play) => {
    for (const cents of [100, 20, 3]) await play.call('account("ann").deposit', cents);
    const { agent } = await play.call('account("ann").balance');
    // Behind the second deposit.
    const fork = await play.host.forkAgent(agent, 6);
    await play.call(`${fork}.deposit`, 4_000);
    return fork;
  },
  "transfer-failed": async (play) => {
    await play.call('account("ann").deposit', 1_000);
    await play.call('account("bob").close');
    return (await play.call("transfer", "ann", "bob", 100)).agent;
  },
  crawl: async (play) => (await play.call("crawl", `${site}/`, 1)).agent,
  "crawl-measured": async (play) => (await play.call("measure", `${site}/`, 2)).agent,
  surf: async (play) => (await play.call("surf", site)).agent,
  "surf-fork": async (play) => play.forkOf((await play.call("surfApart", site)).agent),
  remind: async (play) => (await play.call("remind", "ann", "water the plants", 20)).agent,
  nag: async (play) => (await play.call("nag", "ann", "tea's ready", 25, 3)).agent,
  inbox: async (play) => {
    await play.call("nag", "bob", "up", 5, 2);
    await play.call('inbox("bob").read');
    return 'inbox("bob")';
  },
  "ask-in-vain": async (play) => (await play.call("ask", "ann", "Tea?", 30)).agent,
  "ask-either": async (play) => {
    const { agent, ended } = await play.start("askEither", "ann", "bob", "Lunch?", 60_000);
    await play.host.settled();
    await play.host.settlePromise(promiseId("answer bob: Lunch?"), "resolved", "true");
    await ended;
    return agent;
  },
  indexer: async (play) => {
    await play.call('indexer("docs").index', files);
    await play.call('indexer("docs").search', "WORM");
    await play.call('indexer("docs").index', []);
    return 'indexer("docs")';
  },
  "queens-fork-of-fork": async (play) => {
    await play.call("queens(4).solve");
    return play.forkOf(await play.forkOf("queens(4)"));
  },
  gambler: async (play) => {
    for (const rounds of [1, 5, 2]) await play.call('gambler("lou").play', rounds);
    return 'gambler("lou")';
  },
  "gambler-fork": async (play) => {
    await play.call('gambler("lou").play', 2);
    await play.call('gambler("lou").part');
    return play.forkOf('gambler("lou")');
  },
  speaker: async (play) => {
    await play.call("speaker().speak", "Grüße 世界 🪱");
    await play.call("speaker().speak", "");
    return "speaker()";
  },
  stuntman: async (play) => {
    for (const method of ["fall", "falls", "fallLater", "falls"]) await play.call(`stuntman("max").${method}`);
    return 'stuntman("max")';
  },
  "give-up": async (play) => (await play.call("giveUp")).agent,
  "linger-canceled": async (play) => play.calleeOf((await play.call("giveUp")).agent, 1),
  settle: async (play) => (await play.call("settle", "golden")).agent,
  launder: async (play) => (await play.call("launder", "al", 5_000)).agent,
  "launder-tree": async (play) => (await play.call("launderAll", "al", 5_000)).agent,
  novice: async (play) => {
    await play.call("persevere", "ann");
    await play.host.settled();
    return 'novice("ann")';
  },
  persevere: async (play) => (await play.call("persevere", "bob")).agent,
  hasten: async (play) => (await play.call("hasten")).agent,
  "descend-too-deep": async (play) => {
    await play.limit({ depthLimit: 3 });
    const { agent } = await play.call("descend", 1);
    return play.calleeOf(await play.calleeOf(agent, 1), 1);
  },
  juggler: async (play) => {
    await play.limit({ inFlightLimit: 4 });
    for (const balls of [4, 5, 2]) await play.call("juggler().juggle", balls);
    return "juggler()";
  },
  labor: async (play) => (await play.call("labor", 6)).agent,
};
