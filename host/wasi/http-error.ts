import type { ErrorCode } from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";

interface Failure {
  code?: string;
  message: string;
  data?: { limitBytes?: number; reason?: string };
}

/** What went wrong below HTTP, by the system's code. */
const reasons: Record<string, ErrorCode> = {
  ECONNREFUSED: { tag: "connection-refused" },
  ECONNRESET: { tag: "connection-terminated" },
  EPIPE: { tag: "connection-terminated" },
  ETIMEDOUT: { tag: "connection-timeout" },
  ENOTFOUND: { tag: "DNS-error", val: { rcode: "NXDOMAIN" } },
  EAI_AGAIN: { tag: "DNS-timeout" },
  ENETUNREACH: { tag: "destination-IP-unroutable" },
  EHOSTUNREACH: { tag: "destination-unavailable" },
  HPE_HEADER_OVERFLOW: { tag: "HTTP-response-header-section-size", val: undefined },
};

/** The failure of a fetch, as JSON text, in WASI's words. */
export function toErrorCode(error: string): ErrorCode {
  const { code, message, data = {} } = JSON.parse(error) as Failure;
  switch (code) {
    case "http/denied":
      return { tag: "HTTP-request-denied" };
    case "http/timed-out":
      return { tag: "HTTP-response-timeout" };
    case "http/too-large":
      return {
        tag: "HTTP-response-body-size",
        val: data.limitBytes === undefined ? undefined : BigInt(data.limitBytes),
      };
    case "http/failed":
      return reasons[data.reason ?? ""] ?? { tag: "internal-error", val: message };
    case "operation/canceled":
      return { tag: "connection-terminated" };
  }
  return { tag: "internal-error", val: message };
}
