import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { pipeline, type Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { HostError, isHostError } from "../base/error.ts";
import type { Http, HttpRequest, HttpResponse } from "../base/port.ts";

/** Connections are kept for the next request to the same host; idle ones keep no process alive. */
const agents = { "http:": new Agent({ keepAlive: true }), "https:": new HttpsAgent({ keepAlive: true }) };

/** How long the headers of a response may be, in bytes. */
const maxHeaderSize = 65_536;

/** Undo content codings. */
const decoders = new Map<string, () => Transform>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
  ["zstd", createZstdDecompress],
]);
const accepted = "gzip, br, zstd";

/** What people can do about what goes wrong below HTTP, by the system's code. */
const advice: Record<string, string> = {
  ECONNREFUSED: "Nothing listens there.",
  ECONNRESET: "The connection was closed before the response was whole.",
  EPIPE: "The connection was closed before the request was whole.",
  ENOTFOUND: "No such name is known.",
  EAI_AGAIN: "The name could not be looked up; is the network there?",
  ENETUNREACH: "Is the network there?",
  HPE_HEADER_OVERFLOW: `The headers of the response are longer than ${maxHeaderSize} bytes.`,
};
const certificateAdvice = "Its certificate is not trusted; NODE_EXTRA_CA_CERTS names a file of further ones.";

/** A connection that was kept had been closed by the server just before it was used again. */
class StaleConnection extends Error {}

/** The network of the machine, by HTTP/1.1. */
export const systemHttp: Http = {
  async send(request, signal) {
    for (;;) {
      try {
        return await sendOnce(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof StaleConnection) continue;
        throw isHostError(error) ? error : failure(request, error);
      }
    }
  },
};

async function sendOnce(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  const { method, url, limitBytes } = request;
  const options = { method, signal, maxHeaderSize };
  const outgoing =
    url.protocol === "https:"
      ? httpsRequest(url, { ...options, agent: agents["https:"] })
      : httpRequest(url, { ...options, agent: agents["http:"] });
  const incoming = await receive(outgoing, request);
  const { statusCode: status = 0, statusMessage: statusText = "" } = incoming;
  const declared = Number(incoming.headers["content-length"] ?? 0);
  const isPlain = incoming.headers["content-encoding"] === undefined;
  if (isPlain && method !== "HEAD" && declared > limitBytes) {
    outgoing.destroy();
    throw tooLarge(request);
  }
  const body = await readBody(decode(incoming, request), request);
  return { status, statusText, headers: pairUp(incoming.rawHeaders), body };
}

function receive(outgoing: ClientRequest, { headers, body }: HttpRequest): Promise<IncomingMessage> {
  for (const [name, value] of headers) outgoing.appendHeader(name, value);
  if (!headers.some(([name]) => name.toLowerCase() === "accept-encoding"))
    outgoing.setHeader("accept-encoding", accepted);
  if (body) outgoing.setHeader("content-length", body.length);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.once("response", resolve);
  outgoing.on("error", (error) => {
    const isStale = outgoing.reusedSocket && ["ECONNRESET", "EPIPE"].includes(codeOf(error));
    reject(isStale ? new StaleConnection() : error);
  });
  outgoing.end(body ?? undefined);
  return promise;
}

/** The body as the server meant it. */
function decode(incoming: IncomingMessage, { method, url }: HttpRequest): Readable {
  const { statusCode: status, headers } = incoming;
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304 && headers["content-length"] !== "0";
  const codings = hasBody ? (headers["content-encoding"] ?? "").toLowerCase().split(",") : [];
  const names = codings.map((coding) => coding.trim()).filter((coding) => coding !== "" && coding !== "identity");
  const steps = names.toReversed().map((name) => {
    const make = decoders.get(name);
    if (make) return make();
    incoming.destroy();
    throw new HostError(
      "http/failed",
      `${method} ${url.href} was answered in the coding ${JSON.stringify(name)}; ${accepted} can be undone.`,
    );
  });
  // What goes wrong on the way is thrown where the last stream is read.
  if (steps.length > 0) pipeline([incoming, ...steps], () => {});
  return steps.at(-1) ?? incoming;
}

async function readBody(stream: Readable, request: HttpRequest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > request.limitBytes) throw tooLarge(request);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function pairUp(raw: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i]!.toLowerCase(), raw[2 * i + 1]!]);
}

function tooLarge({ method, url, limitBytes }: HttpRequest): HostError {
  return new HostError(
    "http/too-large",
    `The response to ${method} ${url.href} is longer than ${limitBytes} bytes. --response-limit sets the most for all requests, limitBytes for one.`,
    { data: { limitBytes } },
  );
}

function failure({ method, url }: HttpRequest, error: unknown): HostError {
  const code = codeOf(error);
  const isOfCertificate = /CERT|SELF_SIGNED|ISSUER/.test(code);
  const hint = advice[code] ?? (isOfCertificate ? certificateAdvice : "");
  return new HostError("http/failed", `${method} ${url.href} failed: ${messageOf(error)}. ${hint}`.trimEnd(), {
    cause: error,
    data: { ...(code !== "" && { reason: code }) },
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** A host with several addresses fails with one error for each. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}
