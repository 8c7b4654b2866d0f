import { agent } from "planaria/guest";

/** Somebody who asks others, and is asked by them. */
export const peer = agent((name: string) => {
  const heard: string[] = [];
  return {
    /** Asks somebody who asks back before answering, and so waits for this very call to end: a circle. */
    async ask(other: string): Promise<string[]> {
      return peer.get(other).askBack(name);
    },
    askBack: (asker: string): Promise<string[]> => peer.get(asker).hear(`${name} asks back`),

    /** Asks somebody who tells back, without waiting for it to be heard: no circle. */
    async tell(other: string): Promise<string> {
      return peer.get(other).tellBack(name);
    },
    tellBack(teller: string) {
      peer.get(teller).trigger.hear(`${name} tells back`);
      return `${name} has been told`;
    },

    hear(text: string) {
      heard.push(text);
      return heard;
    },
    heard: () => heard,
  };
});
