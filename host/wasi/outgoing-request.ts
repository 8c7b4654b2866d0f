import type {
  ErrorCode,
  Method,
  OutgoingRequest as WasiOutgoingRequest,
  Scheme,
} from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import { token } from "../http/request.ts";
import { Fields, toLatin1 } from "./http-fields.ts";
import { OutgoingBody } from "./outgoing-body.ts";

/** Errors: a setter throws `undefined`, as all of WASI's errors without a payload, for what can't be in a request. */
export class OutgoingRequest implements WasiOutgoingRequest {
  readonly #headers: Fields;
  #method: Method = { tag: "get" };
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #pathWithQuery: string | undefined;
  #body: OutgoingBody | null = null;

  constructor(headers: Fields) {
    this.#headers = headers.asImmutable();
  }

  method(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    if (method.tag === "other" && !token.test(method.val)) throw undefined;
    this.#method = method;
  }

  scheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme?.tag === "other" && !/^[a-z][a-z\d+.-]*$/i.test(scheme.val)) throw undefined;
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    const isGood = authority === undefined || (/^[^\s/?#\\]+$/.test(authority) && URL.canParse(`http://${authority}/`));
    if (!isGood) throw undefined;
    this.#authority = authority;
  }

  pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    // Behind the authority, anything else would be more of it.
    if (pathWithQuery && !/^[/?][^\s#]*$/.test(pathWithQuery)) throw undefined;
    this.#pathWithQuery = pathWithQuery;
  }

  headers(): Fields {
    return this.#headers.asImmutable();
  }

  /** The body, which is given once. */
  body(): OutgoingBody {
    if (this.#body) throw undefined;
    const [length] = this.#headers.get("content-length");
    this.#body = new OutgoingBody(length ? Number(toLatin1(length)) : null);
    return this.#body;
  }

  /** The method, the URL and the headers, as the journal has them. Errors: an error code of WASI. */
  toJournal(): { method: string; url: string; headers: [string, string][] } {
    const { tag } = this.#method;
    return {
      method: this.#method.tag === "other" ? this.#method.val : tag.toUpperCase(),
      url: `${this.#schemeName()}://${this.#authority ?? refuse()}${this.#pathWithQuery || "/"}`,
      headers: this.#headers
        .entries()
        // The body that is sent has the length that it has.
        .filter(([name]) => name.toLowerCase() !== "content-length")
        .map(([name, value]) => [name, toLatin1(value)]),
    };
  }

  /** Calls `ended` once with the body, or with why there is none; a request whose body nobody asked for has none. */
  whenBodyEnded(ended: (end: Uint8Array | ErrorCode) => void): void {
    if (this.#body) this.#body.whenEnded(ended);
    else ended(new Uint8Array());
  }

  #schemeName(): string {
    if (this.#scheme?.tag === "HTTP") return "http";
    return this.#scheme?.tag === "other" ? this.#scheme.val : "https";
  }
}

function refuse(): never {
  throw { tag: "HTTP-request-URI-invalid" } satisfies ErrorCode;
}
