import { agent } from "planaria/guest";

/** A part of a project, with memory of its own that outlives whoever asked for it. */
export const task = agent((project: string, number: number) => {
  const notes: string[] = [];
  return {
    work() {
      notes.push(`${project}, task ${number}`);
      return notes.length;
    },
    notes: () => notes,
  };
});

export const project = agent((name: string) => {
  let tasks = 0;
  const numbers = () => Array.from({ length: tasks }, (_, number) => number);
  return {
    /** Lets so many tasks work. They are there when this call has ended, and remember. */
    async start(count: number) {
      tasks = Math.max(tasks, count);
      return Promise.all(numbers().map((number) => task.get(name, number).work()));
    },
    /** Deletes them, with all they remember. */
    async finish() {
      const deleted = await Promise.all(numbers().map((number) => task.get(name, number).delete()));
      tasks = 0;
      return deleted.length;
    },
  };
});

/** Deletes a project and, whether it kept count of them or not, all agents that it called to life, and theirs. */
export async function drop(name: string) {
  await project.get(name).delete({ tree: true });
}
