import type { DatabaseSync } from "node:sqlite";

/** Does all of `work` or nothing, and keeps other writers out meanwhile. */
export function transact<T>(db: DatabaseSync, work: () => T): T {
  return run(db, "BEGIN IMMEDIATE", work);
}

/** Lets several reads see one state of the store. */
export function readTogether<T>(db: DatabaseSync, work: () => T): T {
  return run(db, "BEGIN", work);
}

function run<T>(db: DatabaseSync, begin: string, work: () => T): T {
  db.exec(begin);
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } finally {
    // SQLite has rolled some failures back by itself, a full disk among them.
    if (db.isTransaction) db.exec("ROLLBACK");
  }
}
