import { beforeEach, describe, expect, test } from "vitest";
import { IoError } from "../../../host/wasi/io-error.ts";
import { InputStream, OutputStream, type Sink, type Source } from "../../../host/wasi/streams.ts";
import { Scene, thrownBy } from "./scene.ts";

const closed = { tag: "closed" };
const failure = new IoError("insufficient-space", "The disk is full.");

function sourceOf(text: string, fails = false): Source {
  let rest = Buffer.from(text);
  return {
    read(most) {
      if (rest.length === 0 && fails) throw failure;
      if (rest.length === 0) return null;
      const piece = rest.subarray(0, most);
      rest = rest.subarray(most);
      return piece;
    },
    save: () => ({ kind: "test" }),
  };
}

function makeSink(limitBytes = Infinity): Sink & { written: Buffer } {
  return {
    written: Buffer.alloc(0),
    write(bytes) {
      if (this.written.length + bytes.length > limitBytes) throw failure;
      this.written = Buffer.concat([this.written, bytes]);
    },
    save: () => null,
  };
}

describe("an input stream", () => {
  test("gives what there is, piece by piece, and is closed behind the end", () => {
    const stream = new InputStream(sourceOf("planaria"));
    expect(Buffer.from(stream.read(5n)).toString()).toBe("plana");
    expect(Buffer.from(stream.blockingRead(5n)).toString()).toBe("ria");
    expect(thrownBy(() => stream.read(5n))).toEqual(closed);
    expect(thrownBy(() => stream.blockingRead(0n))).toEqual(closed);
  });

  test("skips, and says how much", () => {
    const stream = new InputStream(sourceOf("planaria"));
    expect([stream.skip(5n), stream.blockingSkip(9n)]).toEqual([5n, 3n]);
    expect(thrownBy(() => stream.skip(1n))).toEqual(closed);
  });

  test("reads nothing where nothing is asked for", () => {
    const stream = new InputStream(sourceOf("a"));
    expect(stream.read(0n)).toHaveLength(0);
    expect(stream.read(1n)).toHaveLength(1);
  });

  test("gives 64 KiB at once, whatever it is asked for", () => {
    const stream = new InputStream(sourceOf("x".repeat(70_000)));
    expect([stream.read(2n ** 64n - 1n).length, stream.read(2n ** 64n - 1n).length]).toEqual([65_536, 4_464]);
  });

  test("that fails says why, once, and is closed then", () => {
    const stream = new InputStream(sourceOf("", true));
    expect(thrownBy(() => stream.read(1n))).toEqual({ tag: "last-operation-failed", val: failure });
    expect(thrownBy(() => stream.read(1n))).toEqual(closed);
  });

  test("is always ready", () => {
    expect(new InputStream(null).subscribe().ready()).toBe(true);
  });
});

describe("an output stream", () => {
  test("writes bytes and zeroes", () => {
    const sink = makeSink();
    const stream = new OutputStream(sink);
    stream.write(Buffer.from("a"));
    stream.blockingWriteAndFlush(Buffer.from("b"));
    stream.writeZeroes(1n);
    stream.blockingWriteZeroesAndFlush(2n);
    stream.flush();
    stream.blockingFlush();
    expect(sink.written).toEqual(Buffer.from("ab\0\0\0"));
  });

  test("takes what another one gives", () => {
    const sink = makeSink();
    const stream = new OutputStream(sink);
    const source = new InputStream(sourceOf("planaria"));
    expect([stream.splice(source, 5n), stream.blockingSplice(source, 100n)]).toEqual([5n, 3n]);
    expect(sink.written.toString()).toBe("planaria");
    expect(thrownBy(() => stream.splice(source, 1n))).toEqual(closed);
    expect(stream.checkWrite()).toBe(65_536n);
  });

  test("permits 64 KiB at a time, and traps at more", () => {
    const sink = makeSink();
    const stream = new OutputStream(sink);
    const permitted = Number(stream.checkWrite());
    stream.write(new Uint8Array(permitted));
    const trap = { code: "guest/invalid-argument" };
    expect(thrownBy(() => stream.write(new Uint8Array(permitted + 1)))).toMatchObject(trap);
    expect(thrownBy(() => stream.writeZeroes(2n ** 64n - 1n))).toMatchObject(trap);
    expect(sink.written).toHaveLength(permitted);
  });

  test("that fails says why, once, and is closed then", () => {
    const stream = new OutputStream(makeSink(1));
    expect(thrownBy(() => stream.write(Buffer.from("ab")))).toEqual({ tag: "last-operation-failed", val: failure });
    for (const action of [
      () => stream.checkWrite(),
      () => stream.write(Buffer.from("a")),
      () => stream.flush(),
      () => stream.splice(new InputStream(sourceOf("a")), 1n),
    ])
      expect(thrownBy(action)).toEqual(closed);
  });

  test("lets a defect of the host through as it is", () => {
    const defect = new TypeError("defect");
    const sink: Sink = {
      write() {
        throw defect;
      },
      save: () => null,
    };
    expect(thrownBy(() => new OutputStream(sink).write(new Uint8Array(1)))).toBe(defect);
  });
});

describe("whoever is behind a stream is told, once,", () => {
  let count = 0;
  const told = { [Symbol.dispose]: () => (count += 1) };
  beforeEach(() => {
    count = 0;
  });

  test("that the guest dropped it", () => {
    for (const stream of [new InputStream({ ...sourceOf("a"), ...told }), new OutputStream({ ...makeSink(), ...told })])
      stream[Symbol.dispose]();
    expect(count).toBe(2);
  });

  test("that it came to its end, or failed", () => {
    for (const source of [sourceOf(""), sourceOf("", true)]) {
      const stream = new InputStream({ ...source, ...told });
      thrownBy(() => stream.read(1n));
      stream[Symbol.dispose]();
    }
    const stream = new OutputStream({ ...makeSink(0), ...told });
    thrownBy(() => stream.write(Buffer.from("a")));
    stream[Symbol.dispose]();
    expect(count).toBe(3);
  });
});

describe("behind a snapshot", () => {
  const { wasi } = new Scene();
  const again = <T extends object>(object: T) =>
    wasi.loadObject(JSON.parse(JSON.stringify(wasi.saveObject(object)))) as T;

  test("a closed stream is closed", () => {
    expect(thrownBy(() => again(new InputStream(null)).read(1n))).toEqual(closed);
    expect(thrownBy(() => again(new OutputStream(null)).checkWrite())).toEqual(closed);
  });

  test("an error says what it said", () => {
    expect(again(failure)).toMatchObject({ code: "insufficient-space", message: "The disk is full." });
    expect(again(failure).toDebugString()).toBe("The disk is full.");
  });

  test("a stream whose sink can't be made again is waited for", () => {
    expect(wasi.saveObject(new OutputStream(makeSink()))).toBeNull();
  });

  test.each([
    { kind: "wormhole" },
    { kind: "input-stream" },
    { kind: "pollable", dueNs: "soon" },
    { kind: "input-stream", source: { kind: "wormhole" } },
    { kind: "output-stream", sink: { kind: "wormhole" } },
    null,
    7,
  ])("nothing is made of %j", (saved) => {
    expect(() => wasi.loadObject(saved)).toThrow(expect.objectContaining({ code: "snapshot/corrupt" }));
  });
});
