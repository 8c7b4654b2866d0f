import type { DatabaseSync } from "node:sqlite";
import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";

interface Kin {
  number: number;
  id: AgentId;
  parentAgent: AgentId | null;
  parentIndex: number | null;
}

/** Takes agents out of a store, and leaves their forks whole. To be used within a transaction. */
export class SqliteLineage {
  readonly #statements;

  constructor(db: DatabaseSync) {
    const kin = "SELECT number, id, parentAgent, parentIndex FROM agents";
    this.#statements = {
      agent: db.prepare(`${kin} WHERE id = ?`),
      forks: db.prepare(`${kin} WHERE parentAgent = ?`),
      begin: db.prepare("SELECT min(first) AS first FROM steps WHERE agent = ?"),
      copy: db.prepare(
        "INSERT INTO steps (agent, first, count, entries) SELECT ?, first, count, entries FROM steps WHERE agent = ? AND first <= ?",
      ),
      count: db.prepare("SELECT coalesce(sum(count), 0) AS count FROM steps WHERE agent = ? AND first <= ?"),
      bury: db.prepare(
        `INSERT INTO pastLengths (id, length, parent, deletedAt)
          SELECT a.id, iif(a.parentAgent IS NULL, s.first + s.count, 0), a.parentAgent, ?2
          FROM agents AS a JOIN steps AS s ON s.agent = a.number WHERE a.number = ?1 ORDER BY s.first DESC LIMIT 1
          ON CONFLICT (id) DO UPDATE SET length = length + excluded.length, deletedAt = excluded.deletedAt`,
      ),
      keys: db.prepare("SELECT key FROM invocations WHERE agent = ? AND state <> 'done'"),
      deletions: [
        "steps WHERE agent",
        "invocations WHERE agent",
        "operations WHERE agent",
        "deletionRequests WHERE agent",
        "agents WHERE number",
      ].map((rows) => db.prepare(`DELETE FROM ${rows} = ?`)),
    };
  }

  /**
   * Gives the forks of an agent, those that `staying` picks, the entries that they inherit as their own.
   *
   * Errors: HostError `store/corrupt` if some of those entries are missing.
   */
  materialise(id: AgentId, staying: (fork: AgentId) => boolean): void {
    for (const fork of this.#statements.forks.all(id) as unknown as Kin[]) {
      if (staying(fork.id) && !this.#isWhole(fork)) this.#copyInherited(fork);
    }
  }

  /** Deletes all rows of an agent, and notes how long its oplog was. Returns the keys of its unfinished invocations. */
  delete(number: number, now: number): string[] {
    this.#statements.bury.run(number, now);
    const keys = this.#statements.keys.all(number).map(({ key }) => key as string);
    for (const deletion of this.#statements.deletions) deletion.run(number);
    return keys;
  }

  /** Whether its first entry is its own: it is no fork, or one whose ancestors went before. */
  #isWhole({ number }: Kin): boolean {
    return this.#statements.begin.get(number)!["first"] === 0;
  }

  #copyInherited(fork: Kin): void {
    let heir: Kin | undefined = fork;
    let last = Infinity;
    do {
      last = Math.min(last, heir.parentIndex ?? -1);
      heir = this.#statements.agent.get(heir.parentAgent) as unknown as Kin | undefined;
      if (heir) this.#statements.copy.run(fork.number, heir.number, last);
    } while (heir && !this.#isWhole(heir));
    const count = this.#statements.count.get(fork.number, fork.parentIndex)!["count"];
    if (count === fork.parentIndex! + 1) return;
    throw new HostError(
      "store/corrupt",
      `The store has lost entries that ${fork.id} inherits from ${fork.parentAgent}. Nothing was deleted; restore the file from a backup.`,
      { data: { agent: fork.id, parent: fork.parentAgent, count } },
    );
  }
}
