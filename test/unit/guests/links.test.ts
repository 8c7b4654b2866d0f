import { describe, expect, test } from "vitest";
import { findLinks } from "../../../guests/crawl/links.ts";

const find = (html: string) =>
  findLinks(html, "http://a.test/dir/page?q#here").map((link) => link.replace("http://a.test", ""));

describe("links of a page", () => {
  test("are resolved, each once, in order, without fragments", () => {
    expect(
      find(
        `<a href="x">1</a><A HREF='/y?z#part'>2</A><a href=../w>3</a> <a href="x#again"><area href="//b.test/"><a href="">`,
      ),
    ).toEqual(["/dir/x", "/y?z", "/w", "http://b.test/", "/dir/page?q"]);
  });

  test.each([
    ["a comment", "<!-- <a href=no> --><a href=yes>"],
    ["a comment with a tag's end", "<!-- > <a href=no> --><a href=yes>"],
    ["an empty comment", "<!--><a href=yes>"],
    ["a script", "<script>'<a href=no>'</script ><a href=yes>"],
    [
      "a style, a title and a textarea",
      "<style><a href=no></style><title><a href=no></title><textarea><a href=no></textarea><a href=yes>",
    ],
    ["another attribute", `<a title="<a href=no>" data-href=no href=yes>`],
    ["a quote in an unquoted value", "<a title=it's href=yes>"],
    ["a > in a quoted value", `<a title=">" href=yes>`],
    ["a second href", "<a href=yes href=no>"],
    ["spaces around =", "<a href = ' yes '>"],
    ["line breaks", "<a\n\thref\n=\n'yes'\n>"],
    ["a slash", "<a/href=yes />"],
    ["a lone <", "1 < 2 <a href=yes> < <3"],
    ["a base", "<base href='/dir/'><base href='/no/'><a href=yes>"],
    ["other tags", "<link href=no><abbr href=no><a><a href=yes>"],
    [
      "other schemes",
      "<a href='mailto:no@a.test'><a href='javascript:no'><a href='ftp://no/'><a href='http://'><a href=yes>",
    ],
    ["entities", "<a href='&#121;e&#x73;'>"],
    ["nothing", "<a href=yes><a href='cut off"],
    ["an open comment", "<a href=yes><!-- <a href=no>"],
    ["an open script", "<a href=yes><script> <a href=no>"],
  ])("are found past %s", (_what, html) => {
    expect(find(html)).toEqual(["/dir/yes"]);
  });

  test("have their entities read, once", () => {
    expect(find(`<a href="?a=1&amp;b=2&amp;amp;&copy;&#0;">`)).toEqual(["/dir/page?a=1&b=2&amp;&copy;%EF%BF%BD"]);
  });

  test("are found in time, whatever the page", () => {
    for (const part of ["<", "<a ", "<a href", "<!--", "<script>", "&", '<a x="', "<a ="])
      expect(find(part.repeat(50_000))).toEqual([]);
  });
});
