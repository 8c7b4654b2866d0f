import { MemoryState } from "../../host/store/memory-state.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import { describeStore } from "./suite.ts";

describeStore("memory", async (now) => {
  const state = new MemoryState();
  return { connect: () => openMemoryStore({ now, state }), [Symbol.asyncDispose]: async () => {} };
});
