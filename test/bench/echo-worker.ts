import { parentPort } from "node:worker_threads";

/** The entry of a thread that gives back what it is sent. */
parentPort!.on("message", (message: unknown) => parentPort!.postMessage(message));
