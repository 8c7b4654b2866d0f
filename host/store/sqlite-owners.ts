import type { DatabaseSync } from "node:sqlite";
import type { AgentId, NodeId } from "../base/id.ts";
import { checkLease } from "./conflict.ts";
import { mayClaim, mayTake, peersOf, type Placeable } from "./placement.ts";
import type { Columns } from "./sqlite-row.ts";
import { transact } from "./sqlite-transaction.ts";
import { SqliteWaits } from "./sqlite-waits.ts";
import { isAtWork, stirred } from "./sqlite-work.ts";
import type { NodeRow } from "./store.ts";

const columns = "number, id, node, targetGroup, targetNode, targetOnly, updatedAt";

/** The one node of its group that may run an agent; null: any of them. */
const boundTo = "iif(targetOnly, targetNode, NULL)";

/** What a node may take up, in three lists, each in order of creation: for its group, for itself by name, and those that were at rest. */
const candidates = {
  any: `SELECT ${columns} FROM agents
    WHERE ${isAtWork} AND node IS NULL AND targetGroup = ?1 AND ${boundTo} IS NULL ORDER BY number`,
  bound: `SELECT ${columns} FROM agents
    WHERE ${isAtWork} AND node IS NULL AND targetGroup = ?1 AND ${boundTo} = ?2 ORDER BY number`,
  awoken: `SELECT ${columns} FROM (${stirred}) CROSS JOIN agents ON number = agent
    WHERE node IS NULL AND targetGroup = ?1 AND NOT ${isAtWork} ORDER BY number`,
};

const countWaiting = `SELECT
    (SELECT count(*) FROM agents WHERE ${isAtWork} AND node IS NULL AND targetGroup = ?1) +
    (SELECT count(*) FROM (${stirred}) CROSS JOIN agents ON number = agent
      WHERE node IS NULL AND targetGroup = ?1 AND NOT ${isAtWork}) AS count`;

const nodeColumns = 'id, expiresAt, pid, machine, startedAt, "group", name, slots, "full"';

type Candidate = Placeable & { id: AgentId };

function toCandidate({ number, id, node, targetGroup, targetNode, targetOnly, updatedAt }: Columns): Candidate {
  const target = targetGroup === null ? null : { group: targetGroup, node: targetNode, only: targetOnly === 1 };
  return { number, id, node, target, updatedAt } as Candidate;
}

/** Which nodes there are, and which agents each of them owns. */
export class SqliteOwners {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #waits: SqliteWaits;
  readonly #statements;

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#waits = new SqliteWaits(db);
    this.#statements = {
      join: db.prepare(`INSERT OR REPLACE INTO nodes (${nodeColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
      offer: db.prepare(`UPDATE nodes SET slots = ?, "full" = ? WHERE id = ?`),
      nodes: db.prepare(`SELECT ${nodeColumns} FROM nodes ORDER BY startedAt, id`),
      forget: db.prepare("DELETE FROM nodes WHERE id = ?"),
      free: db.prepare("UPDATE agents SET node = NULL WHERE node = ?"),
      own: db.prepare("UPDATE agents SET node = ? WHERE number = ? AND id = ? AND node IS ?"),
      find: db.prepare(`SELECT ${columns} FROM agents WHERE id = ?`),
      any: db.prepare(candidates.any),
      bound: db.prepare(candidates.bound),
      awoken: db.prepare(candidates.awoken),
      countWaiting: db.prepare(countWaiting),
    };
  }

  join({ id, expiresAt, pid, machine, startedAt, group, name, slots, full }: NodeRow): void {
    this.#statements.join.run(id, expiresAt, pid, machine, startedAt, group, name, slots, Number(full));
  }

  offer(node: NodeId, { slots, full }: Pick<NodeRow, "slots" | "full">): boolean {
    return this.#statements.offer.run(slots, Number(full), node).changes === 1;
  }

  nodes(): NodeRow[] {
    return this.#statements.nodes.all().map((row) => ({ ...row, full: row["full"] === 1 }) as NodeRow);
  }

  leave(node: NodeId): void {
    transact(this.#db, () => this.#end(node));
  }

  release(node: NodeId, dead: readonly NodeId[]): void {
    const known = new Set(this.#find(node).nodes.map(({ id }) => id));
    if (!dead.some((gone) => gone !== node && known.has(gone))) return;
    transact(this.#db, () => {
      this.#find(node);
      for (const gone of dead) if (gone !== node) this.#end(gone);
    });
  }

  claim(node: NodeId, agents: readonly AgentId[], anyTarget: boolean | undefined): AgentId[] {
    return this.#own(node, () => {
      const { row, nodes } = this.#find(node);
      const now = this.#now();
      const alive = new Set(nodes.filter(({ expiresAt }) => expiresAt > now).map(({ id }) => id));
      const found = agents.map((id) => this.#statements.find.get(id)).filter((held) => held !== undefined);
      return found
        .map(toCandidate)
        .filter((agent) => mayClaim(agent, row, { anyTarget, isAlive: (owner) => alive.has(owner) }));
    });
  }

  take(node: NodeId, limit: number, at: number): AgentId[] {
    return this.#own(node, () => this.#choose(node, limit, at));
  }

  countWaiting(group: string, at: number): number {
    return this.#statements.countWaiting.get(group, at)!["count"] as number;
  }

  #choose(node: NodeId, limit: number, at: number): Candidate[] {
    const { row, nodes } = this.#find(node);
    const { group, name } = row;
    if (group === null) return [];
    const { any, bound, awoken } = this.#statements;
    const peers = peersOf(row, nodes, this.#now());
    return [any.iterate(group), bound.iterate(group, name), awoken.iterate(group, at)]
      .flatMap((rows) => {
        const agents = rows.map(toCandidate).filter((agent) => mayTake(agent, row, peers, at));
        return agents.take(limit).toArray();
      })
      .toSorted((left, right) => left.number - right.number)
      .slice(0, limit);
  }

  /**
   * Makes a node the owner of what is chosen. Nobody is kept from writing meanwhile, so what somebody else was faster with
   * is left out.
   */
  #own(node: NodeId, choose: () => Candidate[]): AgentId[] {
    const seen = choose();
    if (seen.every((agent) => agent.node === node)) return seen.map(({ id }) => id);
    return transact(this.#db, () => {
      this.#find(node);
      const owned = seen.filter(({ id, number, node: owner }) => {
        if (this.#statements.own.run(node, number, id, owner).changes === 0) return false;
        if (owner !== node) this.#waits.setOwned(number, true);
        return true;
      });
      return owned.map(({ id }) => id);
    });
  }

  #end(node: NodeId): void {
    if (this.#statements.forget.run(node).changes === 0) return;
    this.#waits.orphanAll(node);
    this.#statements.free.run(node);
  }

  /** A node that holds a lease, among all that do. */
  #find(node: NodeId): { row: NodeRow; nodes: NodeRow[] } {
    const nodes = this.nodes();
    const row = nodes.find(({ id }) => id === node);
    checkLease(node, row !== undefined);
    return { row: row!, nodes };
  }
}
