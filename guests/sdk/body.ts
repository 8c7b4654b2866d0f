import { PlanariaError } from "./failure.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { URLSearchParams } from "./url-search-params.ts";

/** A body is at hand whole: as text until somebody asks for its bytes, or the other way round. */
export type Content = string | Uint8Array<ArrayBuffer> | null;

/** What a body holds; reading it that way does not use it up. Throws TypeError if it was used up. */
export let contentOf: (body: Body) => Content;
/** Takes a body's content: it is used up. */
export let takeContent: (body: Body) => Content;

/** What requests and responses have in common. */
export class Body {
  readonly #content: Content;
  #used = false;

  constructor(content: Content) {
    this.#content = content;
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  get body(): never {
    throw notSupported("a body as a stream", "text(), json(), bytes() and arrayBuffer() give it whole");
  }

  async text(): Promise<string> {
    const content = takeContent(this);
    if (typeof content === "string") return content.replace(/^\ufeff/, "");
    return content === null ? "" : new TextDecoder().decode(content);
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const content = takeContent(this);
    if (typeof content === "string") return new TextEncoder().encode(content);
    return content === null ? new Uint8Array(0) : content.slice();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  async blob(): Promise<never> {
    throw notSupported("Blob", "bytes() gives the same");
  }

  async formData(): Promise<never> {
    throw notSupported("FormData", "new URLSearchParams(await text()) reads a form that is not multipart");
  }

  static {
    contentOf = (body) => {
      if (body.#used) throw new TypeError("The body was read already.");
      return body.#content;
    };
    takeContent = (body) => {
      const content = contentOf(body);
      body.#used = content !== null;
      return content;
    };
  }
}

/** A body as people give it, and the type of it that goes without saying. */
export function readContent(body: unknown): { content: Content; type: string | null } {
  if (body === undefined || body === null) return { content: null, type: null };
  if (body instanceof URLSearchParams)
    return { content: body.toString(), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  if (body instanceof ArrayBuffer) return { content: new Uint8Array(body.slice(0)), type: null };
  if (ArrayBuffer.isView(body))
    return { content: new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice(), type: null };
  if (typeof body === "object" || typeof body === "function")
    throw new TypeError(
      "A body is a string, URLSearchParams, an ArrayBuffer or a view of one. JSON.stringify makes a string of other objects; streams, Blob and FormData are not supported.",
    );
  return { content: String(body).toWellFormed(), type: "text/plain;charset=UTF-8" };
}

/** Something of the Fetch standard that has no place here. */
export function notSupported(what: string, instead: string): PlanariaError {
  return new PlanariaError("guest/not-supported", `fetch does not support ${what}: ${instead}.`);
}
