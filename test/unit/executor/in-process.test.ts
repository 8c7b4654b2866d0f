import { expect, test } from "vitest";
import { agentId, invocationKey } from "../../../host/base/id.ts";
import { InProcessExecutor } from "../../../host/executor/in-process.ts";
import { seededRandom } from "../../../host/testing/seeded-random.ts";
import { VirtualClock } from "../../../host/testing/virtual-clock.ts";
import { engine } from "../scheduler/scene.ts";

const agent = agentId('actor("a")');
const created = { kind: "created", agent, component: engine.compiled.digest, host: "0.0.0" };
const opening = {
  agent,
  component: engine.compiled.digest,
  snapshot: null,
  steps: [{ first: 0, entries: JSON.stringify([created]) }],
};
const endless = "for (;;) await run(() => null)";

function openExecutor() {
  const executor = new InProcessExecutor({ clock: new VirtualClock(), random: seededRandom(1) });
  let [steps, wake] = [0, () => {}];
  executor.start({
    stepped: () => {
      steps += 1;
      wake();
    },
    failed: () => {},
    lost: () => {},
  });
  executor.load(engine.compiled);
  const step = () => new Promise<void>((resolve) => (wake = resolve));
  return { executor, step, count: () => steps };
}

test("a guest that steps without end stops with its executor", async () => {
  const { executor, step, count } = openExecutor();
  executor.open(opening);
  const args = JSON.stringify([endless]);
  executor.send(agent, [{ kind: "invoked", invocation: 1, key: invocationKey("k"), method: "act", args }]);
  for (let i = 0; i < 5; i += 1) await step();
  await executor[Symbol.asyncDispose]();
  const stopped = count();
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(count()).toBe(stopped);
});
