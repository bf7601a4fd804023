import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { installOnce, statusOnce, takeDirty } from "../../support/capture.ts";
import { insertNode, insertOffload } from "../../support/insert-run.ts";
import { sessions, type Sessions } from "../../support/sessions.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const tenant = randomUUID();
const nodes = "workflow_node_executions";
let archive: TestArchive;
let platform: Sessions;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 0, tenants: 1 });
  await installOnce(archive);
});
afterAll(() => archive.drop());
beforeEach(() => void (platform = sessions(archive.databaseUrl)));
afterEach(() => platform.close());

/** A wait for a lock ends in an error, after longer than any of these statements takes. */
async function twoTransactions(isolation: string): Promise<[Client, Client]> {
  const begin = `SET lock_timeout = '5s'; SET statement_timeout = '10s'; BEGIN ISOLATION LEVEL ${isolation}`;
  const clients: [Client, Client] = [await platform.open(begin), await platform.open(begin)];
  for (const client of clients) await client.query(`SELECT count(*) FROM ${nodes} WHERE false`); // takes the snapshot
  return clients;
}

describe.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])("two transactions at %s", (isolation) => {
  test("that record the same records, in opposite orders, never wait for each other", async () => {
    const { sql } = archive;
    const ids: string[] = [];
    for (let at = 0; at < 2; at++) ids.push(await insertNode(sql, { tenantId: tenant, runId: null }));
    await takeDirty(sql);
    for (const [first, second] of [ids, ids.toReversed()] as [string, string][]) {
      const [one, two] = await twoTransactions(isolation);
      const types = [randomUUID().slice(0, 8), randomUUID().slice(0, 8)] as const;
      await insertOffload(one, tenant, first, types[0], false);
      await insertOffload(two, tenant, second, types[1], false);
      await insertOffload(one, tenant, second, types[0], false);
      await insertOffload(two, tenant, first, types[1], false);
      await two.query("COMMIT");
      await one.query("COMMIT");
      expect((await takeDirty(sql)).map(({ op, id }) => `${op} ${id}`).toSorted()).toEqual(
        [first, first, second, second].map((id) => `T ${id}`).toSorted(),
      );
    }
    expect((await statusOnce(archive)).gaps).toBe(0);
  });

  test("one that changes a row and one that adds to its document never wait for each other", async () => {
    const { sql } = archive;
    const ids: string[] = [];
    for (let at = 0; at < 2; at++) ids.push(await insertNode(sql, { tenantId: tenant, runId: null }));
    await takeDirty(sql);
    const [one, two] = await twoTransactions(isolation);
    const update = (id: string) => one.query(`UPDATE ${nodes} SET title = title || 'x' WHERE id = $1`, [id]);
    await update(ids[0]!);
    await insertOffload(two, tenant, ids[1]!, "inputs", false);
    await update(ids[1]!);
    await insertOffload(two, tenant, ids[0]!, "inputs", false);
    await one.query(`DELETE FROM ${nodes} WHERE id = $1`, [ids[1]]);
    await one.query("COMMIT");
    await two.query("COMMIT");
    expect((await takeDirty(sql)).map(({ op }) => op).toSorted()).toEqual(["D", "T", "T", "U", "U"]);
  });
});

test("writers at SERIALIZABLE never fail for what is recorded beside them, while entries are taken away", async () => {
  const { sql } = archive;
  const shared = await insertNode(sql, { tenantId: tenant, runId: null });
  await takeDirty(sql);
  const written: string[] = [];
  const end = new AbortController();
  const writer = async (): Promise<void> => {
    const client = await platform.open("SET lock_timeout = '10s'");
    for (let at = 0; at < 40; at++) {
      await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      const id = await insertNode(client, { tenantId: tenant, runId: null });
      await insertOffload(client, tenant, shared, randomUUID().slice(0, 20), false);
      if (at % 4 === 3) await client.query("ROLLBACK");
      else {
        await client.query("COMMIT");
        written.push(id);
      }
    }
  };
  const seen: string[] = [];
  const taker = async (): Promise<void> => {
    while (!end.signal.aborted) seen.push(...(await takeDirty(sql)).map(({ id }) => id));
  };
  const taking = taker();
  try {
    await Promise.all([writer(), writer(), writer(), writer()]);
  } finally {
    end.abort();
    await taking;
  }
  seen.push(...(await takeDirty(sql)).map(({ id }) => id));
  expect(seen.filter((id) => id !== shared).toSorted()).toEqual(written.toSorted());
  expect(seen.filter((id) => id === shared)).toHaveLength(120);
  expect((await statusOnce(archive)).gaps).toBe(0);
});
