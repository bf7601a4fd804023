import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BinaryTuples } from "../../../src/stores/postgres/copy/binary-tuples.ts";
import { copyOut } from "../../../src/stores/postgres/copy/copy-out.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { createDatabase } from "../../support/database.ts";

let database: Awaited<ReturnType<typeof createDatabase>>;
let pool: pg.Pool;
let client: pg.PoolClient;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool(database.url);
  client = await pool.connect();
});
afterAll(async () => {
  client.release();
  await pool.end();
  await database.drop();
});

/** The one column of a query, read as text. */
async function texts(query: string): Promise<string[]> {
  const tuples = new BinaryTuples(1);
  const found: string[] = [];
  await copyOut(client, query, (bytes) => {
    tuples.push(bytes);
    while (tuples.next()) found.push(tuples.text(0));
  });
  return found;
}

test("every row comes, whether many lie in one piece or one in many", async () => {
  const sizes = [0, 1, 100, 70_000, 3, 5_000_000, 2];
  const found = await texts(
    `select repeat('x', n) from unnest(array[${sizes.join(",")}]) with ordinality u(n, at) order by at`,
  );
  expect(found.map(({ length }) => length)).toEqual(sizes);
  expect(await texts("select n::text from generate_series(1, 100000) n")).toHaveLength(100_000);
  expect(await texts("select 'x' where false")).toEqual([]);
});

test.each([
  ["at once", "select nothing from nowhere", "42P01"],
  ["after a thousand rows", "select (1 / (1000 - n))::text from generate_series(1, 2000) n", "22012"],
])("what PostgreSQL refuses %s is thrown, and the connection is free again", async (_, query, code) => {
  await expect(texts(query)).rejects.toMatchObject({ code });
  expect(await texts("select 'next'")).toEqual(["next"]);
});

test("so is what the reader throws, once the rest has passed", async () => {
  let pieces = 0;
  const reading = copyOut(client, "select repeat('x', 1000) from generate_series(1, 10000)", () => {
    if (++pieces === 2) throw new RangeError("enough");
  });
  await expect(reading).rejects.toThrow("enough");
  expect(pieces).toBe(2);
  expect(await texts("select 'next'")).toEqual(["next"]);
});

test("a connection that ends in the middle rejects", async () => {
  const other = new pg.Client({ connectionString: database.url });
  other.on("error", () => {});
  await other.connect();
  const { rows } = await other.query<{ pid: number }>("select pg_backend_pid() as pid");
  let ended: Promise<unknown> | undefined;
  const reading = copyOut(other, "select pg_sleep(0.01)::text from generate_series(1, 1000)", () => {
    ended ??= client.query("select pg_terminate_backend($1)", [rows[0]!.pid]);
  });
  await expect(reading).rejects.toThrow();
  await ended;
  await other.end();
});
