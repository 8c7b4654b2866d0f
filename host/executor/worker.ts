import { randomFillSync } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import type { ExecutorListener } from "../agent/executor.ts";
import { HostError, invariant, isHostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import { guardOwnWork } from "../base/undisturbed.ts";
import type { ToHost, ToWorker, WorkerSetup } from "./message.ts";
import { Runner } from "./runner.ts";
import { SharedWatch } from "./watch.ts";
import { systemFiles } from "../system/host-files.ts";

/** The entry of a worker thread: the runner with a real clock and real randomness, and messages on both sides. */

invariant(parentPort, "this module is the entry of a worker thread");
const port = parentPort;
const { watch, guard, instances } = workerData as WorkerSetup;
guardOwnWork(guard);

const clock: Clock = {
  now: () => Date.now(),
  wakeAt: () => {
    throw new HostError("base/invariant", "A runner sets no timers.");
  },
};
const random: Random = { bytes: (count) => randomFillSync(new Uint8Array(count)) };

/** Messages of one turn go together: a message costs far more than what is in it. */
let outbox: ToHost[] = [];
const post = (message: ToHost) => {
  outbox.push(message);
  if (outbox.length >= 16) flush();
};
const flush = () => {
  if (outbox.length > 0) port.postMessage(outbox);
  outbox = [];
};

/**
 * How long a guest that deals with itself goes on before others have their turn, and what it did is posted: that costs
 * as much as a third of a small step.
 */
const patienceMs = 0.2;
let turnedAt = 0;

/** The numbers of the open sessions. */
const sessions = new Map<AgentId, number>();

const listener: Pick<ExecutorListener, "stepped" | "failed"> = {
  stepped: (step) => {
    const session = sessions.get(step.agent)!;
    for (const fork of step.forks) sessions.set(fork, session);
    post({ kind: "stepped", step, session });
  },
  failed: (agent, error) =>
    post({
      kind: "failed",
      agent,
      session: sessions.get(agent)!,
      code: isHostError(error) ? error.code : "guest/failed",
      message: error instanceof Error ? error.message : String(error),
    }),
};

const runner = new Runner({
  clock,
  random,
  listener,
  watch: new SharedWatch(watch, clock),
  instances,
  hostFiles: systemFiles,
  breathe: (isInward) => {
    if (isInward && performance.now() - turnedAt < patienceMs) return undefined;
    flush();
    return new Promise((resolve) => {
      setImmediate(() => {
        turnedAt = performance.now();
        resolve();
      });
    });
  },
});

port.on("message", (messages: ToWorker[]) => {
  for (const message of messages) {
    if (message.kind === "load") runner.load(message.component);
    else if (message.kind === "limit") runner.limit(message.component, message.limits);
    else if (message.kind === "open") {
      sessions.set(message.opening.agent, message.session);
      runner.open(message.opening);
    } else if (message.kind === "send") runner.send(message.agent, message.inputs);
    else if (message.kind === "close") {
      if (sessions.get(message.agent) !== message.session) continue;
      sessions.delete(message.agent);
      runner.close(message.agent);
    } else if (message.kind === "reset") {
      sessions.clear();
      runner.reset();
    } else {
      void runner.drain().then(() => {
        post({ kind: "drained" });
        flush();
      });
    }
  }
});
