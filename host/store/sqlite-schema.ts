import type { DatabaseSync } from "node:sqlite";
import { HostError } from "../base/error.ts";
import { transact } from "./sqlite-transaction.ts";

/** Marks a file as a store of Planaria (`PRAGMA application_id`): "Plna". */
const applicationId = 0x506c6e61;

/**
 * What makes version n + 1 of the schema out of version n. The first makes it out of nothing. A released one never
 * changes; a new one is added at the end.
 *
 * Columns are named like the fields of store.ts. An agent's rows refer to it by number: ids are long and random, and a
 * commit of a thousand new agents would touch a page of every index for each of them.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE components (
    digest TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, createdAt INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;

  CREATE TABLE agents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, component TEXT NOT NULL, type TEXT NOT NULL, params TEXT,
    state TEXT NOT NULL, node TEXT, parentAgent TEXT, parentIndex INTEGER, parentOperation INTEGER, snapshot TEXT,
    snapshotLength INTEGER, length INTEGER NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, error TEXT
  ) STRICT;
  CREATE INDEX agentsActive ON agents (state) WHERE state IN ('created', 'running');
  CREATE INDEX agentsForked ON agents (parentAgent) WHERE parentAgent IS NOT NULL;

  -- Not WITHOUT ROWID: a step is often longer than the quarter of a page that an index keeps in one piece.
  CREATE TABLE steps (
    agent INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, entries TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX stepsByAgent ON steps (agent, first);

  CREATE TABLE invocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, agent INTEGER NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL,
    method TEXT NOT NULL, args TEXT NOT NULL, callerAgent TEXT, callerOperation INTEGER, attached INTEGER NOT NULL,
    dueAt INTEGER, cancelRequested INTEGER NOT NULL, value TEXT, error TEXT, createdAt INTEGER NOT NULL,
    finishedAt INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX invocationsByKey ON invocations (agent, key);
  CREATE INDEX invocationsOpen ON invocations (state, agent, dueAt) WHERE state <> 'done';
  CREATE INDEX invocationsDue ON invocations (dueAt) WHERE state = 'queued' AND dueAt IS NOT NULL;

  CREATE TABLE promises (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, payload TEXT, createdBy TEXT,
    createdAt INTEGER NOT NULL, expiresAt INTEGER, settledAt INTEGER, settledByAgent TEXT, settledByOperation INTEGER
  ) STRICT;
  CREATE INDEX promisesDue ON promises (expiresAt) WHERE state = 'pending' AND expiresAt IS NOT NULL;

  -- settled: the source has settled, or was deleted, so that the agent has something to do.
  CREATE TABLE operations (
    agent INTEGER NOT NULL, operation INTEGER NOT NULL, source TEXT, dueAt INTEGER, settled INTEGER NOT NULL,
    PRIMARY KEY (agent, operation)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX operationsBySource ON operations (source) WHERE source IS NOT NULL;
  CREATE INDEX operationsDue ON operations (dueAt) WHERE dueAt IS NOT NULL;
  CREATE INDEX operationsSettled ON operations (agent) WHERE settled = 1;

  CREATE TABLE pages (number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, data BLOB NOT NULL) STRICT;
  -- pages: the numbers of its pages, as a JSON array.
  CREATE TABLE snapshots (id TEXT PRIMARY KEY, pages TEXT NOT NULL, manifest BLOB NOT NULL) STRICT;

  CREATE TABLE nodes (
    id TEXT PRIMARY KEY, expiresAt INTEGER NOT NULL, pid INTEGER NOT NULL, machine TEXT NOT NULL,
    startedAt INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- How many entries agents had that were deleted.
  CREATE TABLE pastLengths (id TEXT PRIMARY KEY, length INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE components ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

  -- An agent that waits for a node has no component yet.
  CREATE TABLE placedAgents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, component TEXT, type TEXT NOT NULL, params TEXT,
    state TEXT NOT NULL, node TEXT, targetGroup TEXT, targetNode TEXT, targetOnly INTEGER, createdBy TEXT,
    parentAgent TEXT, parentIndex INTEGER, parentOperation INTEGER, snapshot TEXT, snapshotLength INTEGER,
    length INTEGER NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, error TEXT
  ) STRICT;
  INSERT INTO placedAgents (number, id, component, type, params, state, node, createdBy, parentAgent, parentIndex,
      parentOperation, snapshot, snapshotLength, length, createdAt, updatedAt, error)
    SELECT number, id, component, type, params, state, node,
      coalesce(parentAgent, (SELECT callerAgent FROM invocations WHERE agent = number ORDER BY seq LIMIT 1)),
      parentAgent, parentIndex, parentOperation, snapshot, snapshotLength, length, createdAt, updatedAt, error
    FROM agents;
  DROP TABLE agents;
  ALTER TABLE placedAgents RENAME TO agents;
  -- By who may run them: their node; or else any node, any of a group, or one of a group.
  CREATE INDEX agentsActive ON agents (node, targetGroup, iif(targetOnly, targetNode, NULL))
    WHERE state IN ('created', 'running');
  CREATE INDEX agentsEnded ON agents (updatedAt) WHERE state = 'ended';
  CREATE INDEX agentsForked ON agents (parentAgent) WHERE parentAgent IS NOT NULL;
  CREATE INDEX agentsCreated ON agents (createdBy) WHERE createdBy IS NOT NULL;

  -- state: also 'waiting', which is queued on an agent that has no component yet.
  -- cancelRequested: 2 as long as the agent's owner does not know of it.
  ALTER TABLE invocations ADD COLUMN depth INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE invocations ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE invocations ADD COLUMN retry TEXT;
  ALTER TABLE invocations ADD COLUMN lastError TEXT;
  DROP INDEX invocationsDue;
  CREATE INDEX invocationsDue ON invocations (dueAt) WHERE state IN ('queued', 'waiting') AND dueAt IS NOT NULL;
  CREATE INDEX invocationsGivenUp ON invocations (agent) WHERE cancelRequested = 2 AND state <> 'done';

  -- settled: also 2, which is a fetch that nobody carries out, since nobody owns the agent.
  ALTER TABLE operations ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
  DROP INDEX operationsSettled;
  CREATE INDEX operationsSettled ON operations (agent) WHERE settled > 0;

  ALTER TABLE nodes ADD COLUMN "group" TEXT;
  ALTER TABLE nodes ADD COLUMN name TEXT NOT NULL DEFAULT '';
  ALTER TABLE nodes ADD COLUMN slots INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE nodes ADD COLUMN "full" INTEGER NOT NULL DEFAULT 0;

  -- parent: of a fork, whose own length is 0: what refers to the fork's operations keeps the parent's length, too.
  ALTER TABLE pastLengths ADD COLUMN parent TEXT;
  ALTER TABLE pastLengths ADD COLUMN deletedAt INTEGER NOT NULL DEFAULT 0;

  -- Agents that somebody has asked to be deleted; tree: the root of the tree with which it is to go, or empty.
  CREATE TABLE deletionRequests (
    agent INTEGER NOT NULL, tree TEXT NOT NULL, PRIMARY KEY (agent, tree)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deletionRequestsByTree ON deletionRequests (tree);
  `,
];

/** What a database says of itself. `isEmpty`: it holds no table, and nobody has claimed it. */
export function readSchema(db: DatabaseSync): { applicationId: number; version: number; isEmpty: boolean } {
  // One statement, so that another process that makes the schema is seen before it or after it.
  const { tables, ...found } = db
    .prepare(
      `SELECT application_id AS applicationId, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
      FROM pragma_application_id, pragma_user_version`,
    )
    .get() as { applicationId: number; version: number; tables: number };
  return { ...found, isEmpty: found.applicationId === 0 && tables === 0 };
}

/**
 * Brings a store's schema up to the newest version, each step in a transaction of its own.
 *
 * Errors: HostError `store/not-planaria` for a database of something else; `store/version` for a newer schema.
 */
export function migrate(db: DatabaseSync, file: string, steps: readonly string[] = migrations): void {
  while (checkSchema(db, file, steps) < steps.length) {
    transact(db, () => {
      // Read again: another process may have made this step while this one waited for the lock.
      const version = checkSchema(db, file, steps);
      if (version === steps.length) return;
      db.exec(steps[version]!);
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}`);
    });
  }
}

/** The version of the schema, 0 for an empty file, if this host can go on from there. Errors as of `migrate`. */
export function checkSchema(db: DatabaseSync, file: string, steps: readonly string[] = migrations): number {
  const found = readSchema(db);
  if (found.applicationId !== applicationId && !found.isEmpty) {
    throw new HostError(
      "store/not-planaria",
      `${file} is an SQLite database, but not a store of Planaria. It was left alone; name another file.`,
      { data: { file, applicationId: found.applicationId } },
    );
  }
  if (found.version > steps.length) {
    throw new HostError(
      "store/version",
      `${file} has schema version ${found.version}, and this Planaria knows up to ${steps.length}. Run the newer Planaria that wrote it, or name another file.`,
      { data: { file, found: found.version, known: steps.length } },
    );
  }
  return found.version;
}
