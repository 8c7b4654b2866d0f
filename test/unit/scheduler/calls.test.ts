import { describe, expect, test } from "vitest";
import { Scene } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();

describe("x", () => {
  test("y", async () => {
    expect(await node.call('counter("a").add', 2)).toBe(2);
    expect(await node.act('actor("a")', "return await counter.get('a').add(3)")).toBe(5);
    expect(await node.act("act", "await sleep(1000); return 1")).toBe(1);
    console.time("z");
    for (let i = 0; i < 100; i++) await node.call('counter("a").add', 2);
    console.timeEnd("z");
    await node.settled();
  });
});
