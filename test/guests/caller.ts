import { agent, remote, rpc } from "planaria/guest";

// Calls what it knows by name only, and is called in return.

const counter = remote<{ add(by: number): number; get(): number }>("counter");

export async function count(by: number) {
  await counter.get("shared").add(by);
  return counter.get("shared").get();
}

export const addAlone = (by: number) => rpc<number>("add", [by]);

export const overflow = () => counter.get("shared").add(2 ** 40);

export const greeter = agent((greeting: string) => {
  let greeted = 0;
  return {
    greet: (name: string) => `${greeting} ${name}, number ${++greeted}`,
    refuse() {
      throw new TypeError("nobody is greeted");
    },
  };
});
