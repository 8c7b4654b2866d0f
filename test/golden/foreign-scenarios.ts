import type { SaidSettings } from "../../host/component/settings.ts";
import { wordcount } from "../components/language-samples.ts";
import { openWat } from "../components/wat.ts";
import type { Scenario } from "./scenarios.ts";

/** Components of another make than the SDK's, by the names under which they are kept. */
export const foreigners: Record<string, () => Promise<Uint8Array>> = {
  hostile: () => openWat("hostile"),
  poll: () => openWat("poll"),
  waits: () => openWat("waits"),
  wordcount: () => wordcount.open(),
};

/** A scenario of one of them: its agents are of type `goldens`. */
interface ForeignScenario {
  component: keyof typeof foreigners;
  settings?: SaidSettings;
  scenario: Scenario;
}

/** What each golden is a record of, by the name of its file. */
export const foreignScenarios: Record<string, ForeignScenario> = {
  "foreign-wordcount": {
    component: "wordcount",
    settings: {
      environment: { WORDCOUNT_AUTHOR: "ann" },
      preopens: [{ host: "test/golden/preopen", guest: "/texts" }],
    },
    async scenario(play) {
      const agent = 'goldens("c")';
      await play.call(`${agent}.add`, "The worm and THE worm: Grüße");
      await play.call(`${agent}.add-file`, "/texts/worms.txt");
      await play.call(`${agent}.add-file`, "/texts/nothing.txt");
      await play.call(`${agent}.save`, "/counts.txt");
      await play.call(`${agent}.add-file`, "/counts.txt");
      await play.call(`${agent}.print-receipt`);
      await play.call(`${agent}.top`, 3);
      return agent;
    },
  },
  "foreign-waits": {
    component: "waits",
    async scenario(play) {
      const agent = 'goldens("w")';
      const [left, right] = [await make(play, agent), await make(play, agent)];
      const { ended } = await play.start(`${agent}.both-of`, left, right);
      await play.call('goldens("other").complete-promise', right, "2");
      const answered = await Promise.all([ended.catch(() => "the host was closed"), play.reopen()]);
      await play.call('goldens("other").complete-promise', left, "1");
      if (answered[0] === "the host was closed") await play.host.settled();
      await play.call(`${agent}.sleep`, 20);
      await play.call(`${agent}.call-agent`, 'goldens("other")', "waits", "[]");
      await play.call(`${agent}.await-promise`, "nobody made it");
      return agent;
    },
  },
  "foreign-waits-fork": {
    component: "waits",
    async scenario(play) {
      await make(play, 'goldens("f")');
      await play.call('goldens("f").fork');
      return play.forkOf('goldens("f")');
    },
  },
  "foreign-poll": {
    component: "poll",
    async scenario(play) {
      await play.call('goldens("p").race', 30_000_000, 10_000_000);
      await play.call('goldens("p").block', 5_000_000);
      await play.call('goldens("p").poll-none');
      return 'goldens("p")';
    },
  },
  "foreign-hostile": {
    component: "hostile",
    async scenario(play) {
      for (const method of ["calls", "trap", "pages", "read-beyond", "wild-string", "calls"])
        await play.call(`goldens("h").${method}`);
      await play.call('goldens("h").grow', 3);
      return 'goldens("h")';
    },
  },
};

async function make(play: Parameters<Scenario>[0], agent: string): Promise<string> {
  const { outcome } = await play.call(`${agent}.create-promise`);
  return "value" in outcome ? (JSON.parse(outcome.value) as string) : "";
}
