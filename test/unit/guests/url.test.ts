import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextDecoder as GuestDecoder, TextEncoder as GuestEncoder } from "../../../guests/sdk/encoding.ts";
import { URLSearchParams as GuestParams } from "../../../guests/sdk/url-search-params.ts";
import { URL as GuestUrl } from "../../../guests/sdk/url.ts";

// Node's own URL and TextDecoder are the oracle: for whatever is put together of these pieces, both must agree.

const pieces =
  "http: https: HTTP: file: mailto: foo: ws: data: blob: // / \\ /// a.b Example.COM user:pw@ u@ @ : :80 :443 :8080 :99999 :x [::1] [1:2::3.4.5.6] [1::2::3] [:: 1.2.3.4 0x7f.1 256 1.2.3.256 ? # q=1&x=y é ü.de ÄÖ.example %41 %zz %2e %2E%2e . .. ./ ../ ' \" < > ` { } ^ | ~ C: C| c:/ localhost 😀 a b path ; = & + $ , ! * ( ) % %25 %ff [ ]"
    .split(" ")
    .concat(" ", "\t", "\0", "\x7f", "\ud800");
const text = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 }).map((parts) => parts.join(""));
const base = fc.constantFrom(
  undefined,
  "http://user:pw@host:81/a/b/c?q#h",
  "https://h",
  "file:///C:/x/y",
  "file://srv/p/q",
  "mailto:x",
  "foo://h/p/q",
  "foo:/p/q",
  "foo:opaque?q",
);
const parts = [
  "href",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;
const runs = { numRuns: 3_000 };

function show(make: () => URL | GuestUrl): string {
  try {
    const url = make();
    return JSON.stringify([...parts.map((part) => url[part]), url.origin, [...(url.searchParams as URLSearchParams)]]);
  } catch {
    return "refused";
  }
}

describe("a guest's URL", () => {
  test("reads and refuses what Node's does", () => {
    fc.assert(
      fc.property(text, base, (input, onto) => {
        expect(show(() => new GuestUrl(input, onto))).toBe(show(() => new URL(input, onto)));
        expect(GuestUrl.canParse(input, onto)).toBe(URL.canParse(input, onto));
      }),
      runs,
    );
  });

  test("changes part by part as Node's does", () => {
    const change = <U extends URL | GuestUrl>(url: U, part: (typeof parts)[number], value: string) => {
      url[part] = value;
      return url;
    };
    fc.assert(
      fc.property(text, base, fc.constantFrom(...parts), text, (input, onto, part, value) => {
        expect(show(() => change(new GuestUrl(input, onto), part, value))).toBe(
          show(() => change(new URL(input, onto), part, value)),
        );
      }),
      runs,
    );
  });

  test("has parameters that stay in step with it", () => {
    const edit = (url: URL | GuestUrl) => {
      const params = url.searchParams;
      params.append("new", "a b&c");
      params.set("x", "1");
      params.delete("q");
      params.sort();
      const first = url.href;
      url.search = "?z=9&z=8";
      return [
        first,
        params.get("z"),
        params.getAll("z"),
        params.has("z", "8"),
        params.size,
        [...params.keys()],
        String(params),
      ];
    };
    const [mine, theirs] = [new GuestUrl("http://h/?x=0&q=1&x=2#f"), new URL("http://h/?x=0&q=1&x=2#f")];
    expect(edit(mine)).toEqual(edit(theirs));
  });

  test("takes parameters in every form, and refuses pairs that are none", () => {
    for (const init of [
      "?a=1&b",
      "a=%zz&=&&+=+",
      [
        ["a", "1"],
        ["b", "é"],
      ],
      { a: 1, b: "x y" },
      new Map([["k", "v"]]),
      undefined,
    ]) {
      expect(String(new GuestParams(init))).toBe(String(new URLSearchParams(init as string)));
    }
    expect(() => new GuestParams([["a"]])).toThrow(TypeError);
    expect(() => new GuestParams([["a", "b", "c"]])).toThrow(TypeError);
  });
});

describe("a guest's TextDecoder and TextEncoder", () => {
  const bytes = fc
    .array(
      fc.oneof(
        fc.nat(255),
        fc.constantFrom(0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xef, 0xbb, 0xbf, 0xd8, 0xfe, 0xff),
      ),
    )
    .map((list) => Uint8Array.from(list));

  test("read and refuse what Node's do", () => {
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom("utf-8", "utf-16le"),
        fc.boolean(),
        fc.boolean(),
        (input, label, fatal, ignoreBOM) => {
          const decode = (decoder: TextDecoder | GuestDecoder) => {
            try {
              return decoder.decode(input);
            } catch (error) {
              return (error as Error).name;
            }
          };
          expect(decode(new GuestDecoder(label, { fatal, ignoreBOM }))).toBe(
            decode(new TextDecoder(label, { fatal, ignoreBOM })),
          );
        },
      ),
      runs,
    );
  });

  test("read in pieces what they read in one", () => {
    fc.assert(
      fc.property(fc.array(bytes), fc.constantFrom("utf-8", "utf-16le"), (inputs, label) => {
        const decode = (decoder: TextDecoder | GuestDecoder) =>
          inputs.map((input) => decoder.decode(input, { stream: true })).join("") + decoder.decode();
        expect(decode(new GuestDecoder(label))).toBe(decode(new TextDecoder(label)));
      }),
      runs,
    );
  });

  test("write what Node's do", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\ud800", "\udc00") }),
        fc.nat(12),
        (input, size) => {
          expect(new GuestEncoder().encode(input)).toEqual(new TextEncoder().encode(input));
          const [mine, theirs] = [new Uint8Array(size), new Uint8Array(size)];
          expect(new GuestEncoder().encodeInto(input, mine)).toEqual(new TextEncoder().encodeInto(input, theirs));
          expect(mine).toEqual(theirs);
        },
      ),
      runs,
    );
  });
});
