import { HostError } from "../base/error.ts";
import type { NodeId } from "../base/id.ts";
import type { Http, HttpRequest, HttpResponse } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { InProcessExecutor } from "../executor/in-process.ts";
import { Host } from "../scheduler/host.ts";
import { MemoryState } from "../store/memory-state.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { version } from "../system/version.ts";
import { dieAtCommit, watchJoin, type DyingStore } from "./dying-store.ts";
import { letWork } from "./let-work.ts";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** How far time is hurried while there is work to do: past the span in which a host waits for commits to share. */
const hurryMs = 20;
/** Farther ahead there is only what a host does now and then: looking for others, and renewing its lease. */
const endOfTimeMs = 1e12;

/** Answers the requests of `fetch`. */
export type Answer = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** A host of a simulation; `host` never resolves if it dies before it is open. */
export interface SimulatedHost extends Pick<DyingStore, "death" | "count"> {
  host: Promise<Host>;
}

/**
 * Hosts that live and die in one thread, on one store in memory, in a time of their own.
 *
 * What happens is a function of the component, the calls and the seed: the same again, it goes the same way.
 */
export class Simulation {
  readonly state = new MemoryState();
  /** What left the hosts, in order, repeated requests included. */
  readonly requests: HttpRequest[] = [];
  readonly #component: CompiledComponent;
  readonly #answer: Answer;
  readonly #clock = new VirtualClock();
  readonly #random;
  readonly #hosts = new Set<Host>();
  readonly #dead = new Set<string | null>();

  constructor(component: CompiledComponent, { seed, answer }: { seed: number; answer: Answer }) {
    this.#component = component;
    this.#answer = answer;
    this.#random = seededRandom(seed);
  }

  /** Opens a host that dies when its commit `fatal`, counted from 1, is in the store; never, if that is 0. */
  async open(fatal = 0): Promise<SimulatedHost> {
    const clock = this.#clock.part();
    const dying = dieAtCommit(fatal);
    const store = await openMemoryStore({ now: () => this.#clock.now(), state: this.state });
    let node: NodeId | null = null;
    const host = Host.open({
      store: watchJoin(dying.wrap(store), (id) => (node = id)),
      executor: new InProcessExecutor({ clock, random: this.#random }),
      clock,
      random: this.#random,
      http: this.#http(),
      compile: async () => this.#component,
      version,
      leaseMs: 4 * endOfTimeMs,
      pollMs: 2 * endOfTimeMs,
      retentionMs: null,
      // Nobody waits for the lease of one that is known to be dead.
      isGone: ({ id }) => this.#dead.has(id),
    });
    host.then(
      (opened) => this.#hosts.add(opened),
      () => {},
    );
    void dying.death.then(async () => {
      clock.stop();
      this.#dead.add(node);
      this.#hosts.delete(await host);
    });
    return { ...dying, host };
  }

  #http(): Http {
    return {
      send: async (request) => {
        this.requests.push(request);
        return this.#answer(request);
      },
    };
  }

  /**
   * Lets the hosts work until `wanted` is there. Time passes a little while they do, so that few changes share a commit,
   * and jumps to the next timer when nobody has anything to do.
   *
   * Errors: HostError `testing/stuck` if it never will be.
   */
  async run<T>(wanted: Promise<T>): Promise<T> {
    const isBusy = () => [...this.#hosts].some(({ busyCount }) => busyCount > 0);
    return letWork(wanted, { clock: this.#clock, isBusy, hurryMs, horizonMs: endOfTimeMs, stuck });
  }

  /** Ends all hosts that live. */
  async end(): Promise<void> {
    for (const host of this.#hosts) await host[Symbol.asyncDispose]();
    this.#hosts.clear();
  }
}

function stuck(): HostError {
  const message = "The call will never end: nobody has anything to do, and no timer is set.";
  return new HostError("testing/stuck", `${message} If it waits for somebody outside, let the scenario do that, too.`);
}
