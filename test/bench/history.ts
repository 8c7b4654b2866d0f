/**
 * How long histories are, and of how many runs: one step and four entries each.
 *
 * The two long ones end 120 steps behind a snapshot, close to the most that there can be, so that nothing but their
 * length sets them apart.
 */
export const histories = [
  { entries: 10, runs: 2 },
  { entries: 1_000, runs: 248 },
  { entries: 10_000, runs: 2_552 },
] as const;
