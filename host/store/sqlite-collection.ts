import type { DatabaseSync } from "node:sqlite";
import type { Collected } from "./store.ts";

/** What nobody needs; `@before` is null if nothing is over that is only old. */
const dead = {
  promises: `promises WHERE state <> 'pending' AND settledAt <= @before
    AND coalesce(createdBy NOT IN (SELECT id FROM agents), 1)
    AND 'promise ' || id NOT IN (SELECT source FROM operations WHERE source IS NOT NULL)`,
  // Calls and promises that a deleted agent made are known by its numbers; so are those that its forks inherited.
  pastLengths: `pastLengths WHERE deletedAt <= @before AND id NOT IN (SELECT id FROM agents) AND id NOT IN (
    WITH RECURSIVE needed (id) AS (
      SELECT createdBy FROM agents WHERE createdBy IN (SELECT id FROM pastLengths)
      UNION SELECT callerAgent FROM invocations WHERE callerAgent IN (SELECT id FROM pastLengths)
      UNION SELECT createdBy FROM promises WHERE createdBy IN (SELECT id FROM pastLengths)
      UNION SELECT settledByAgent FROM promises WHERE settledByAgent IN (SELECT id FROM pastLengths)
      UNION SELECT parent FROM needed JOIN pastLengths USING (id) WHERE parent IS NOT NULL)
    SELECT id FROM needed)`,
  snapshots: "snapshots WHERE id NOT IN (SELECT snapshot FROM agents WHERE snapshot IS NOT NULL)",
  pages: "pages WHERE number NOT IN (SELECT wanted.value FROM snapshots, json_each(snapshots.pages) AS wanted)",
};

const looked = ["agents", "invocations", "promises", "pastLengths", "snapshots", "pages"];

/** Carries out `Store.collect`, within a transaction. */
export function collect(db: DatabaseSync, before: number | null): Collected {
  const sum = (column: string, rows: string) =>
    db.prepare(`SELECT total(octet_length(${column})) AS sum FROM ${rows}`).get()!["sum"] as number;
  const remove = (rows: string) => Number(db.prepare(`DELETE FROM ${rows}`).run().changes);
  const removeOld = (rows: string) => Number(db.prepare(`DELETE FROM ${rows}`).run({ before }).changes);
  const promises = removeOld(dead.promises);
  const pastLengths = removeOld(dead.pastLengths);
  // The sizes first: SQLite gives the rows that a deletion returns only as a list.
  const manifestBytes = sum("manifest", dead.snapshots);
  const snapshots = remove(dead.snapshots);
  const sizeBytes = manifestBytes + sum("data", dead.pages);
  const pages = remove(dead.pages);
  const counts = looked.map((table) => `(SELECT count(*) FROM ${table})`).join(" + ");
  const kept = db.prepare(`SELECT ${counts} AS kept`).get()!["kept"] as number;
  return { snapshots, pages, sizeBytes, pastLengths, promises, kept };
}
