import { bytes, uuid } from "./random.ts";

/** The part of Web Crypto that needs nothing but randomness. */
export const crypto = {
  randomUUID: uuid,
  getRandomValues<View extends ArrayBufferView>(view: View): View {
    const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    if (target.length > 65_536) {
      throw new DOMException("getRandomValues fills at most 65,536 bytes at once.", "QuotaExceededError");
    }
    target.set(bytes(target.length));
    return view;
  },
};
