import { agent } from "planaria/guest";

/** The smallest agent that remembers something. */
export const counter = agent((_name: string) => {
  let count = 0;
  return {
    add(by = 1) {
      count += by;
      return count;
    },
    get: () => count,
  };
});
