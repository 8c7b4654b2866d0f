import { AgentClock } from "./agent-clock.ts";
import { makeCli, makePrinted, type Printed } from "./cli.ts";
import { makeClocks } from "./clocks.ts";
import { Files } from "./files.ts";
import type { HostFiles } from "./host-files.ts";
import { makeHttp } from "./http.ts";
import { IoError } from "./io-error.ts";
import { Pollable } from "./pollable.ts";
import { Poller } from "./poller.ts";
import { makeRandomness } from "./randomness.ts";
import { checkSaved, corruptWasi, refuseSaved, type Json, type Savable, type Saved } from "./saved.ts";
import { Network, sockets } from "./sockets.ts";
import { InputStream, OutputStream, type Sink, type Source } from "./streams.ts";
import type { WasiContext } from "./wasi-context.ts";

export { GuestExit } from "./cli.ts";
export type { Json } from "./saved.ts";
export type { WasiContext } from "./wasi-context.ts";

/** The last reading of the clock. */
const clockSizeBytes = 8;

type Class = abstract new (...args: never[]) => object;

const isClass = (value: unknown): value is Class => typeof value === "function" && value.prototype !== undefined;

/**
 * WASI 0.2 for one guest instance, which serves many agents in turn.
 *
 * Whatever it tells the guest follows from the journal, so that a replay tells the same. Errors of WASI are thrown as the
 * payloads that jco's glue hands on; a HostError is a trap.
 */
export class Wasi {
  /** What jco's glue takes, by interface without its version. */
  readonly functions: Record<string, Record<string, unknown>>;
  readonly #classes: readonly Class[];
  readonly #clock: AgentClock;
  readonly #files: Files;
  readonly #poller: Poller;
  readonly #printed: Printed;

  /** Without `hostFiles`, a replay can go on, for which directories of the host were looked at when it was recorded. */
  constructor(context: WasiContext, hostFiles: HostFiles = noHostFiles) {
    const clock = new AgentClock(context);
    const poller = new Poller(context, clock);
    const printed = makePrinted(context);
    const files = new Files({
      now: () => clock.read(),
      journal: () => context.journal(),
      environment: () => context.environment(),
      hostFiles,
    });
    this.functions = {
      ...makeCli(context, printed),
      ...makeClocks(clock, poller),
      ...files.functions,
      ...makeHttp(context, poller),
      "wasi:io/error": { Error: IoError },
      "wasi:io/poll": { Pollable, poll: poller.poll },
      "wasi:io/streams": { InputStream, OutputStream },
      ...makeRandomness(context),
      ...sockets,
    };
    this.#classes = Object.values(this.functions).flatMap((all) => Object.values(all).filter(isClass));
    this.#clock = clock;
    this.#files = files;
    this.#poller = poller;
    this.#printed = printed;
  }

  /** All that the host knows for the agent, beside what objects hold. Equal states give equal bytes. */
  save(): Uint8Array {
    const clock = Buffer.alloc(clockSizeBytes);
    clock.writeBigUInt64LE(this.#clock.lastNs);
    return Buffer.concat([this.#files.save(), clock]);
  }

  /** Goes on as another agent of the same component. Errors: HostError `snapshot/corrupt`. */
  load(saved: Uint8Array): void {
    const filesSizeBytes = saved.length - clockSizeBytes;
    if (filesSizeBytes < 0) throw corruptWasi(`what WASI holds has ${saved.length} bytes`);
    const clock = Buffer.from(saved.subarray(filesSizeBytes));
    this.#clock.lastNs = clock.readBigUInt64LE();
    this.#files.load(saved.subarray(0, filesSizeBytes));
  }

  /** What an object is that the guest has a handle of; null: it can't be made again, and a snapshot waits until it is gone. */
  saveObject(object: object): Json | null {
    // An adapter may have objects of its own, whatever methods they have.
    const isOwn = this.#classes.some((each) => object instanceof each);
    return isOwn && "save" in object ? (object as Savable).save() : null;
  }

  /** Errors: HostError `snapshot/corrupt`. */
  loadObject(saved: Json): object {
    const known = checkSaved(saved);
    switch (known.kind) {
      case "error":
        return IoError.load(known);
      case "input-stream":
        return new InputStream(known.source === null ? null : this.#loadSource(checkSaved(known.source)));
      case "network":
        return new Network();
      case "output-stream":
        return new OutputStream(known.sink === null ? null : this.#loadSink(checkSaved(known.sink)));
      case "pollable":
        return this.#poller.load(known);
      default:
        return this.#files.loadObject(known) ?? refuseSaved(known);
    }
  }

  /** Text that was written without a line's end becomes a log entry, too. */
  endStep(): void {
    this.#printed.stdout.end();
    this.#printed.stderr.end();
  }

  #loadSource(saved: Saved): Source {
    return this.#files.loadSource(saved) ?? refuseSaved(saved);
  }

  #loadSink(saved: Saved): Sink {
    if (saved.kind === "stdout" || saved.kind === "stderr") return this.#printed[saved.kind];
    return this.#files.loadSink(saved) ?? refuseSaved(saved);
  }
}

function refuse(): never {
  throw Object.assign(new Error("There are no files of the host."), { code: "EACCES" });
}

const noHostFiles: HostFiles = {
  join: refuse,
  realPath: refuse,
  stat: refuse,
  readLink: refuse,
  list: refuse,
  read: refuse,
};

/** The functions and classes that there are, in the glue's words, by interface without its version. */
export const wasiInterfaces: ReadonlyMap<string, readonly string[]> = new Map(
  // Nothing of it is called.
  Object.entries(new Wasi({} as WasiContext).functions).map(([name, functions]) => [name, Object.keys(functions)]),
);

/** What may suspend a guest, in the words of jco's `asyncImports`. */
export const blockingWasi: readonly string[] = ["wasi:io/poll#poll", "wasi:io/poll#[method]pollable.block"];
