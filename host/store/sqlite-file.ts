import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HostError, isHostError } from "../base/error.ts";
import { describeFailure, isBusy } from "./sqlite-error.ts";
import { checkSchema, migrate, migrations } from "./sqlite-schema.ts";

export interface SqliteFileOptions {
  file: string;
  /** full: a commit is on disk when it returns. relaxed: the newest ones may be lost with the machine's power. */
  durability: "full" | "relaxed";
  readOnly: boolean;
  /** How long to wait for another process's write lock. */
  busyTimeoutMs: number;
  /** The file may not grow beyond; null: no limit but the disk. */
  sizeLimitBytes: number | null;
}

const pageSizeBytes = 4_096;

/**
 * Opens a store's file, makes it and its folder if it is to be written, and brings its schema up to date.
 *
 * Errors: HostError `store/missing`, `store/not-planaria`, `store/version`, `store/corrupt`, `store/read-only`,
 *         `store/busy`, `store/full`, `store/failed`.
 */
export function openFile(options: SqliteFileOptions): DatabaseSync {
  const { file, readOnly, busyTimeoutMs } = options;
  let db: DatabaseSync | undefined;
  try {
    if (readOnly) mustExist(file);
    else makeFolder(file);
    db = new DatabaseSync(file, { readOnly, timeout: busyTimeoutMs });
    // What is not ours is refused before a byte of it changes.
    const version = checkSchema(db, file);
    if (readOnly) mustBeCurrent(file, version);
    configure(db, options);
    if (!readOnly) migrate(db, file);
    return db;
  } catch (cause) {
    db?.close();
    const error = describeFailure(cause, file);
    // SQLite says no more than "can't open" where it may not make the files beside the database.
    if (isHostError(error, "store/failed") && !isWritable(dirname(file))) throw readOnlyFolder(file, cause);
    throw error;
  }
}

/**
 * Measured with 60,000 agents in the file: cache, memory map and page size move the rate by less than the noise. What is
 * left: checkpoints of 1,000 pages, not more, since each one is a pause; no memory map, since a disk that fails under
 * one kills the process instead of failing the call.
 */
function configure(db: DatabaseSync, { file, durability, readOnly, sizeLimitBytes }: SqliteFileOptions): void {
  db.exec("PRAGMA cache_size = -16384; PRAGMA temp_store = memory; PRAGMA mmap_size = 0");
  if (readOnly) return;
  db.exec(`PRAGMA page_size = ${pageSizeBytes}`);
  const mode = keepLog(db);
  if (mode !== "wal") {
    throw new HostError(
      "store/failed",
      `${file} lies where SQLite can't keep a write-ahead log (journal mode ${mode}). Put it on a local disk.`,
      { data: { file, mode } },
    );
  }
  db.exec(`PRAGMA synchronous = ${durability === "full" ? "full" : "normal"}`);
  db.exec("PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 67108864");
  if (sizeLimitBytes !== null) db.exec(`PRAGMA max_page_count = ${Math.ceil(sizeLimitBytes / pageSizeBytes)}`);
}

/** Two processes that make a file both want it for themselves: SQLite fails the one at once, without waiting. */
function keepLog(db: DatabaseSync, attempts = 20): unknown {
  try {
    return db.prepare("PRAGMA journal_mode = wal").get()!["journal_mode"];
  } catch (cause) {
    if (attempts === 1 || !isBusy(cause)) throw cause;
    // Waits until the other one is through.
    db.exec("BEGIN EXCLUSIVE; COMMIT");
    return keepLog(db, attempts - 1);
  }
}

function mustExist(file: string): void {
  if (existsSync(file)) return;
  throw new HostError(
    "store/missing",
    `There is no store ${file}. Run something that writes it first, or name another.`,
    {
      data: { file },
    },
  );
}

function mustBeCurrent(file: string, version: number): void {
  if (version === migrations.length) return;
  throw new HostError(
    "store/version",
    `${file} has schema version ${version}, this Planaria has ${migrations.length}, and a file that is only read can't be brought up to date. Open it once for writing.`,
    { data: { file, found: version, known: migrations.length } },
  );
}

function makeFolder(file: string): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EACCES" || code === "EROFS" || code === "EPERM") throw readOnlyFolder(file, cause);
    throw new HostError(
      "store/failed",
      `The folder ${folder} of the store can't be made: ${(cause as Error).message}.`,
      {
        data: { file },
        cause,
      },
    );
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readOnlyFolder(file: string, cause: unknown): HostError {
  return new HostError(
    "store/read-only",
    `${file} can't be used: its folder is read-only, and SQLite keeps files beside it even to read. Check the folder's permissions, or copy the file to another.`,
    { data: { file }, cause },
  );
}
