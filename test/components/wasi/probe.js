import * as environment from "wasi:cli/environment@0.2.12";
import * as exit from "wasi:cli/exit@0.2.12";
import * as stderr from "wasi:cli/stderr@0.2.12";
import * as stdin from "wasi:cli/stdin@0.2.12";
import * as stdout from "wasi:cli/stdout@0.2.12";
import * as terminal from "wasi:cli/terminal-stdout@0.2.12";
import * as monotonic from "wasi:clocks/monotonic-clock@0.2.12";
import * as wall from "wasi:clocks/wall-clock@0.2.12";
import * as preopens from "wasi:filesystem/preopens@0.2.12";
import * as files from "wasi:filesystem/types@0.2.12";
import * as handler from "wasi:http/outgoing-handler@0.2.12";
import * as http from "wasi:http/types@0.2.12";
import * as poll from "wasi:io/poll@0.2.12";
import * as streams from "wasi:io/streams@0.2.12";
import * as seed from "wasi:random/insecure-seed@0.2.12";
import * as random from "wasi:random/random@0.2.12";
import * as tcp from "wasi:sockets/tcp-create-socket@0.2.12";

const all = {
  environment,
  exit,
  files,
  handler,
  http,
  monotonic,
  poll,
  preopens,
  random,
  seed,
  stderr,
  stdin,
  stdout,
  streams,
  tcp,
  terminal,
  wall,
};

/** What a run keeps for the next ones. */
const kept = {};

const show = (value) =>
  JSON.stringify(value, (_, part) => {
    if (typeof part === "bigint") return Number(part);
    return part instanceof Uint8Array ? [...part] : part;
  }) ?? "null";

export function run(code) {
  try {
    return show(new Function("wasi", "kept", code)(all, kept));
  } catch (error) {
    return show({ threw: "payload" in Object(error) ? (error.payload ?? null) : String(error) });
  }
}
