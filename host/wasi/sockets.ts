import type { ErrorCode } from "@bytecodealliance/preview2-shim/interfaces/wasi-sockets-network";
import { absent } from "./absent.ts";
import type { Savable, Saved } from "./saved.ts";

/** The one network that there is; nothing can be done with it. */
export class Network implements Savable {
  save(): Saved {
    return { kind: "network" };
  }
}

const why = "sockets are denied";

function deny(): never {
  throw "access-denied" satisfies ErrorCode;
}

/** `wasi:sockets`: what comes through an open connection can't be had again, so there is none. `wasi:http` sends requests. */
export const sockets = {
  "wasi:sockets/instance-network": { instanceNetwork: () => new Network() },
  "wasi:sockets/network": { Network, networkErrorCode: () => undefined },
  "wasi:sockets/ip-name-lookup": {
    ResolveAddressStream: absent("resolve-address-stream", why),
    resolveAddresses: deny,
  },
  "wasi:sockets/tcp": { TcpSocket: absent("tcp-socket", why) },
  "wasi:sockets/tcp-create-socket": { createTcpSocket: deny },
  "wasi:sockets/udp": {
    UdpSocket: absent("udp-socket", why),
    IncomingDatagramStream: absent("incoming-datagram-stream", why),
    OutgoingDatagramStream: absent("outgoing-datagram-stream", why),
  },
  "wasi:sockets/udp-create-socket": { createUdpSocket: deny },
};
