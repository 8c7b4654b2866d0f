import type { FetchOptions } from "planaria/guest";

// What must compile, and what must not, is checked with the types of everything else.

export async function fetches() {
  await fetch("http://a/", { timeoutMs: 10, limitBytes: 1_000, retry: 3 });
  await fetch(new URL("http://a/"), { method: "POST", body: "x", retry: { attempts: 2, only: ["http/status"] } });
  // @ts-expect-error A span is a number of milliseconds.
  await fetch("http://a/", { timeoutMs: "10s" });
  // @ts-expect-error A policy has no such part.
  await fetch("http://a/", { retry: { times: 3 } });
  const options: FetchOptions = { retry: 3 };
  return fetch("http://a/", options);
}
