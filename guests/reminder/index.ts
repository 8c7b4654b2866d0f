import { agent, hasCode, now, promise, sleep } from "planaria/guest";

/** Somebody's notes, each with the moment at which it came. */
export const inbox = agent((_owner: string) => {
  const notes: { at: string; text: string }[] = [];
  return {
    note(text: string) {
      notes.push({ at: new Date().toISOString(), text });
    },
    read: () => notes,
  };
});

/** Leaves a note when the time has come. This call ends at once; the note's own call waits. */
export async function remind(owner: string, text: string, afterMs: number) {
  const at = now() + afterMs;
  inbox.get(owner).at(at).note(text);
  return new Date(at).toISOString();
}

/** Leaves a note over and over, sleeping in between, for days if need be. */
export async function nag(owner: string, text: string, everyMs: number, times: number) {
  for (let i = 1; i <= times; i += 1) {
    await sleep(everyMs);
    await inbox.get(owner).note(`${text} (${i} of ${times})`);
  }
}

/** Asks somebody, and takes silence for a no. The answer comes from outside, by the promise's id. */
export async function ask(owner: string, question: string, patienceMs: number) {
  const answer = promise.create<boolean>({ id: `answer ${owner}: ${question}`, timeoutMs: patienceMs });
  await inbox.get(owner).note(question);
  try {
    return (await promise.await(answer)) ? "yes" : "no";
  } catch (error) {
    if (hasCode(error, "promise/timed-out")) return "no answer";
    throw error;
  }
}

/** Asks two and takes the first answer; who is slower is not waited for. */
export async function askEither(first: string, second: string, question: string, patienceMs: number) {
  const asked = [first, second].map(async (owner) => ({ owner, answer: await ask(owner, question, patienceMs) }));
  return Promise.race(asked);
}
