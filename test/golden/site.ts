import type { Http } from "../../host/base/port.ts";
import { FakeHttp, type Route } from "../unit/http/fake-http.ts";

/** Where goldens go: no network is needed to record them either. */
export const site = "http://site.test";

const html: [name: string, value: string][] = [
  ["content-type", "text/html"],
  ["set-cookie", "a=1"],
  ["set-cookie", "b=2"],
];

const page =
  (...links: string[]): Route =>
  () => ({ headers: html, body: `<title>Würmer</title>${links.map((link) => `<a href="${link}">`).join("")}` });

const echo: Route = ({ body }) => ({ body: body ?? "" });

export function openSite(): Http {
  return new FakeHttp({
    [`${site}/`]: page("/news", "about#us", "/gone", "http://elsewhere.test/"),
    [`${site}/news`]: page("/", "/about"),
    [`${site}/about`]: page(),
    [`${site}/gone`]: () => ({ status: 404, statusText: "Not Found" }),
    [`${site}/echo`]: echo,
    [`${site}/moved`]: () => ({ status: 301, headers: [["location", "/about"]] }),
    [`${site}/slow`]: () => new Promise((resolve) => setTimeout(() => resolve({ body: "at last" }), 20)),
    [`${site}/never`]: () => new Promise(() => {}),
  });
}
