import type * as Insecure from "@bytecodealliance/preview2-shim/interfaces/wasi-random-insecure";
import type * as Seed from "@bytecodealliance/preview2-shim/interfaces/wasi-random-insecure-seed";
import type * as Secure from "@bytecodealliance/preview2-shim/interfaces/wasi-random-random";
import { HostError } from "../base/error.ts";
import type { WasiContext } from "./wasi-context.ts";

const limitBytes = 65_536n;

/** All of `wasi:random` is as good as the best of it: there is nothing to be saved on bytes that are journaled. */
export function makeRandomness(context: Pick<WasiContext, "journal">) {
  const draw = (count: bigint) => {
    if (count <= limitBytes) return context.journal().draw(Number(count));
    throw new HostError(
      "guest/invalid-argument",
      `wasi:random: ${count} bytes are over the limit of ${limitBytes}. Draw them in pieces.`,
    );
  };
  const drawU64 = () => toU64s(draw(8n))[0]!;
  const secure: typeof Secure = { getRandomBytes: draw, getRandomU64: drawU64 };
  const insecure: typeof Insecure = { getInsecureRandomBytes: draw, getInsecureRandomU64: drawU64 };
  const seed: typeof Seed = {
    insecureSeed() {
      const [low, high] = toU64s(draw(16n));
      return [low!, high!];
    },
  };
  return { "wasi:random/random": secure, "wasi:random/insecure": insecure, "wasi:random/insecure-seed": seed };
}

/** Little endian. */
function toU64s(bytes: Uint8Array): bigint[] {
  const view = Buffer.from(bytes);
  return Array.from({ length: bytes.length / 8 }, (_, index) => view.readBigUInt64LE(8 * index));
}
