import type { ErrorCode } from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import { absent } from "./absent.ts";
import { FutureIncomingResponse } from "./future-response.ts";
import { Fields } from "./http-fields.ts";
import { FutureTrailers, IncomingBody, IncomingResponse } from "./incoming-response.ts";
import { OutgoingBody } from "./outgoing-body.ts";
import { OutgoingRequest } from "./outgoing-request.ts";
import type { Poller } from "./poller.ts";
import { RequestOptions } from "./request-options.ts";
import type { WasiContext } from "./wasi-context.ts";

const notServed = "this host sends requests, and hands none to guests";

/** `wasi:http`: requests of the guest to others, each of them one `fetch-started`, sent when its body is finished. */
export function makeHttp(context: WasiContext, poller: Poller) {
  return {
    "wasi:http/outgoing-handler": {
      handle(request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse {
        const start = request.toJournal();
        const timeoutMs = options?.totalMs();
        const response = new FutureIncomingResponse(context, poller);
        request.whenBodyEnded((end) => {
          if (!(end instanceof Uint8Array)) return response.fail(end);
          response.send({
            ...start,
            ...(end.length > 0 && { body: toBody(end) }),
            redirect: "manual",
            ...(timeoutMs !== undefined && { timeoutMs }),
          });
        });
        return response;
      },
    },
    "wasi:http/types": {
      Fields,
      FutureIncomingResponse,
      FutureTrailers,
      IncomingBody,
      IncomingRequest: absent("incoming-request", notServed),
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest,
      OutgoingResponse: absent("outgoing-response", notServed),
      RequestOptions,
      ResponseOutparam: absent("response-outparam", notServed),
      /** Of the streams that a guest has of a request none fails for a reason of HTTP's. */
      httpErrorCode: (): ErrorCode | undefined => undefined,
    },
  };
}

/** Text stays readable in the journal. */
function toBody(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}
