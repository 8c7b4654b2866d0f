import { expect, test } from "vitest";
import { digestOf } from "../../../host/base/id.ts";
import { packComponent, unpackComponent } from "../../../host/store/sqlite-component.ts";

const bytes = new Uint8Array(Buffer.from("a component ".repeat(100)));
const digest = digestOf(bytes);

test("a component is stored small, and comes back as it was", () => {
  const packed = packComponent(bytes);
  expect(packed.length).toBeLessThan(bytes.length / 4);
  expect(unpackComponent(digest, packed)).toEqual(bytes);
});

test("a damaged component is refused, whichever of its bytes it is", () => {
  const packed = packComponent(bytes);
  for (const index of packed.keys()) {
    const damaged = Uint8Array.from(packed);
    damaged[index]! ^= 0x41;
    expect(() => unpackComponent(digest, damaged)).toThrow(expect.objectContaining({ code: "store/corrupt" }));
  }
  expect(() => unpackComponent(digest, packed.subarray(0, 9))).toThrow(
    expect.objectContaining({ code: "store/corrupt" }),
  );
});

test("another component under the digest is refused", () => {
  expect(() => unpackComponent(digest, packComponent(Buffer.from("another")))).toThrow(/damaged copy/);
});
