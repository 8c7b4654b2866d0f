import { agent, fork, promise } from "planaria/guest";

/** The column of the queen in each row so far. */
type Board = number[];

/**
 * Places n queens so that none attacks another, by being in many places at once.
 *
 * In each row the agent forks for every free column: the fork puts a queen there and goes on to the next row, where it
 * forks in turn. It tells its parent what it found through a promise, so the boards come in the order of a plain search.
 */
export const queens = agent((n: number) => ({
  async solve(): Promise<Board[]> {
    let board: Board = [];
    let answer: promise.Id<Board[]> | undefined;

    row: while (board.length < n) {
      const answers: promise.Id<Board[]>[] = [];
      for (const column of freeColumns(n, board)) {
        const id = promise.create<Board[]>();
        const side = await fork();
        if (side.kind === "forked") {
          board = [...board, column];
          answer = id;
          continue row;
        }
        answers.push(id);
      }
      const boards = await Promise.all(answers.map((id) => promise.await(id)));
      return tell(answer, boards.flat());
    }
    return tell(answer, [board]);
  },
}));

function tell(answer: promise.Id<Board[]> | undefined, boards: Board[]) {
  if (answer !== undefined) promise.complete(answer, boards);
  return boards;
}

function freeColumns(n: number, board: Board) {
  const columns = Array.from({ length: n }, (_, column) => column);
  return columns.filter(
    (column) => !board.some((taken, row) => taken === column || Math.abs(taken - column) === board.length - row),
  );
}
