import { rpc } from "planaria/guest";

/** Counts the nodes of a tree by growing it: an agent for every node, each waiting for those below it. */
export async function countNodes(depth: number, breadth: number): Promise<number> {
  if (depth === 0) return 1;
  const below = Array.from({ length: breadth }, () => rpc(countNodes, [depth - 1, breadth]));
  return (await Promise.all(below)).reduce((sum, nodes) => sum + nodes, 1);
}

/** Calls itself without an end. */
export async function runaway(): Promise<never> {
  return rpc(runaway, []);
}
