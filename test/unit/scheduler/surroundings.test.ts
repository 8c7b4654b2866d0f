import { expect, test } from "vitest";
import { promiseId } from "../../../host/base/id.ts";
import { intercept } from "../../../host/testing/dying-store.ts";
import { Scene } from "./scene.ts";

test("an outcome that another node wrote while its wait was on its way to the store is brought when that is there", async () => {
  const scene = new Scene();
  await using other = await scene.open();
  await scene.run(
    other.host.call({ callee: { agent: 'actor("b")', method: "act" }, args: `["promise.create({ id: 'p' })"]` }),
  );
  await scene.run(other.host.settled());
  const gate = Promise.withResolvers<void>();
  let isShut = false;
  await using node = await scene.open({
    wrap: (store) =>
      intercept(store, async (name, call) => {
        if (isShut && name === "commit") await gate.promise;
        return call();
      }),
  });
  isShut = true;
  const waiting = node.host
    .call({ callee: { agent: 'actor("a")', method: "act" }, args: `["return promise.await('p')"]` })
    .then((ref) => node.host.result(ref));
  const pass = (spanMs: number) =>
    scene.run(new Promise<void>((resolve) => void scene.clock.wakeAt(scene.clock.now() + spanMs, resolve)));
  await pass(10);
  await scene.run(other.host.settlePromise(promiseId("p"), "resolved", "7"));
  // It looks, and finds nothing yet.
  await pass(2_000);
  const start = scene.clock.now();
  gate.resolve();
  expect(await scene.run(waiting)).toEqual({ value: "7" });
  // At its next heartbeat it would have gone through everything.
  expect(scene.clock.now() - start).toBeLessThan(3_000);
});
