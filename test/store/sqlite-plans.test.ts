import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { SqliteCalls } from "../../host/store/sqlite-calls.ts";
import { SqliteOwners } from "../../host/store/sqlite-owners.ts";
import { migrate } from "../../host/store/sqlite-schema.ts";
import { SqliteWaits } from "../../host/store/sqlite-waits.ts";
import { SqliteWork } from "../../host/store/sqlite-work.ts";
import { SqliteWriter } from "../../host/store/sqlite-writer.ts";

/** What a node asks for many times a second, or writes with each commit. */
const parts = {
  work: (db: DatabaseSync) => new SqliteWork(db, () => 0),
  owners: (db: DatabaseSync) => new SqliteOwners(db, () => 0),
  waits: (db: DatabaseSync) => new SqliteWaits(db),
  calls: (db: DatabaseSync) => new SqliteCalls(db),
  writer: (db: DatabaseSync) => new SqliteWriter(db, () => 0),
};

/** The statements that a part prepares, each with SQLite's plan for it, a step a line. */
function plansOf(part: keyof typeof parts): Map<string, string[]> {
  const db = new DatabaseSync(":memory:");
  migrate(db, ":memory:");
  const statements: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => {
    statements.push(sql);
    return prepare(sql);
  };
  parts[part](db);
  const explain = (sql: string) =>
    prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail));
  return new Map(statements.map((sql) => [sql, explain(sql)]));
}

/** Small tables, lists within a statement, and indexes that hold only rows with something to do. */
const isCheap = (step: string) =>
  !step.startsWith("SCAN") ||
  /^SCAN (nodes|wanted|r|queues|\(subquery-\d+\)|CONSTANT ROW)( VIRTUAL TABLE.*)?$/.test(step) ||
  /^SCAN \w+ USING (COVERING )?INDEX (operationsSettled|invocationsGivenUp)$/.test(step);

describe("SQLite's plan for each statement of", () => {
  test.each(Object.keys(parts) as (keyof typeof parts)[])("%s goes through no table from end to end", (part) => {
    const plans = plansOf(part);
    expect(plans.size).toBeGreaterThan(3);
    // A node that leaves is rare, and an index of owners would cost every commit.
    plans.delete("UPDATE agents SET node = NULL WHERE node = ?");
    const scans = [...plans].filter(([, steps]) => !steps.every(isCheap));
    expect(scans).toEqual([]);
  });

  test("work at hand uses the index of agents by who may run them, and sorts nothing that waits", () => {
    const steps = [...plansOf("owners")].filter(([sql]) => sql.includes("iif(targetOnly")).map(([, plan]) => plan);
    expect(steps).toEqual([
      ["SEARCH agents USING INDEX agentsActive (node=? AND targetGroup=? AND <expr>=?)"],
      ["SEARCH agents USING INDEX agentsActive (node=? AND targetGroup=? AND <expr>=?)"],
    ]);
  });
});
