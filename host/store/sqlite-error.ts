import { HostError } from "../base/error.ts";

/** Primary result codes. Source: https://sqlite.org/rescode.html */
const sqlite = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notDatabase: 26,
};

/** SQLITE_IOERR_SHMSIZE: the index of the write-ahead log can't be made larger, for which only a full disk is known. */
const indexCannotGrow = 4874;

interface SqliteFailure extends Error {
  code: "ERR_SQLITE_ERROR";
  /** Extended result code: the primary one is its lowest byte. */
  errcode: number;
  errstr: string;
}

function isSqliteFailure(error: unknown): error is SqliteFailure {
  return error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR" && "errcode" in error;
}

/** Whether another connection stood in the way. */
export function isBusy(error: unknown): boolean {
  return isSqliteFailure(error) && (error.errcode & 0xff) === sqlite.busy;
}

/** Says in the store's words what SQLite refused to do with `file`; a HostError stays what it is. */
export function describeFailure(cause: unknown, file: string): HostError {
  if (cause instanceof HostError) return cause;
  if (!isSqliteFailure(cause)) {
    const isClosed = cause instanceof Error && "code" in cause && cause.code === "ERR_INVALID_STATE";
    const why = isClosed
      ? "is closed. Open it again"
      : `failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    return new HostError("store/failed", `The store ${file} ${why}.`, { data: { file }, cause });
  }
  const [code, message] = explain(cause, file);
  return new HostError(code, message, { data: { file, sqlite: cause.errcode }, cause });
}

function explain({ errcode, errstr, message }: SqliteFailure, file: string): [code: string, message: string] {
  switch (errcode === indexCannotGrow ? sqlite.full : errcode & 0xff) {
    case sqlite.busy:
      return [
        "store/busy",
        `Another process holds the write lock of ${file} for too long. End it, or try again: nothing was written.`,
      ];
    case sqlite.readOnly:
      return ["store/read-only", `${file} can't be written: ${errstr}. Check its permissions, and its folder's.`];
    case sqlite.full:
      return [
        "store/full",
        `There is no space left to write ${file}. Nothing was written; make room, and the store goes on.`,
      ];
    case sqlite.corrupt:
    case sqlite.notDatabase:
      return [
        "store/corrupt",
        `${file} is damaged, or no database (${message}). Restore it from a backup, or save what can be read: sqlite3 ${file} .recover`,
      ];
    case sqlite.ioError:
      return [
        "store/failed",
        `The disk failed under ${file} (${message}, SQLite ${errcode}). Check the disk, and the limit on the size of files (ulimit -f).`,
      ];
    case sqlite.cannotOpen:
      return ["store/failed", `${file} can't be opened. Check that its folder exists and may be used.`];
    case sqlite.constraint:
      return ["store/conflict", `${file} refused rows that contradict it (${message}). Nothing was written.`];
    default:
      return ["store/failed", `SQLite failed with ${file}: ${message} (${errcode}).`];
  }
}
