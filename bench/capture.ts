/**
 * npm run bench:capture [-- --writes 1000 --connections 4 --bulks 15 --database-url URL]: what recording every write
 * costs the platform. Node executions of about 4 KB are inserted and updated one at a time by some connections, and
 * inserted 10,000 at a time, in two databases of one server, one of which has capture: each write is done in both, one
 * after the other, in turns first. Prints medians, and exits with 1 when a single write that waits for the disk takes
 * more than 1.1 times as long with it. Without a URL it starts a PostgreSQL of its own that writes to the disk as a
 * platform's does.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import pg from "pg";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { createSchema } from "../dev/sample-logs/schema.ts";
import { startPostgres } from "../dev/servers/start-postgres.ts";
import { formatTable } from "../src/cli/output/table.ts";
import { createPool } from "../src/stores/postgres/connection/pool.ts";
import { stateDatabase } from "../src/workflow-logs/state/database.ts";
import { installCapture } from "../src/workflow-logs/capture/install.ts";
import { noProgress } from "../src/runs/progress.ts";

const limit = 1.1;
const bulkRows = 10_000;
const nodes = "workflow_node_executions";
const signal = stopSignal();
const modes = ["without", "with"] as const;

/** Two connections that do the same, one in each database. */
type Pair = Readonly<Record<(typeof modes)[number], pg.Client>>;
/** Milliseconds that each write took. */
type Times = Readonly<Record<(typeof modes)[number], number[]>>;

const { values } = parseArgs({
  options: {
    writes: { type: "string", default: "1000" },
    connections: { type: "string", default: "4" },
    bulks: { type: "string", default: "15" },
    "database-url": { type: "string" },
  },
});
const [writes, connections, bulks] = [values.writes, values.connections, values.bulks].map(Number) as [
  number,
  number,
  number,
];
const given = values["database-url"];
const server = given === undefined ? await startPostgres({ flags: ["-c", "fsync=on"], signal }) : undefined;
const serverUrl = given ?? server!.url;
const unique = randomBytes(3).toString("hex");
const databases = modes.map((mode) => `capture_${mode}_${unique}`);
try {
  for (const database of databases) await onServer(`CREATE DATABASE ${database}`);
  const pairs: Pair[] = [];
  for (let at = 0; at < connections; at++)
    pairs.push({ without: await connect("without"), with: await connect("with") });
  await prepare(pairs[0]!);
  const results = [...(await measure(pairs, "on")), ...(await measure(pairs, "off"))];
  await Promise.all(pairs.flatMap((pair) => modes.map((mode) => pair[mode].end())));
  report(results);
} finally {
  for (const database of databases) await onServer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await server?.stop();
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function urlOf(mode: (typeof modes)[number]): string {
  const url = new URL(serverUrl);
  url.pathname = `/${databases[modes.indexOf(mode)]}`;
  return url.href;
}

async function connect(mode: (typeof modes)[number]): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(mode) });
  client.on("error", () => {}); // dropping the database ends it
  await client.connect();
  return client;
}

async function prepare(pair: Pair): Promise<void> {
  for (const mode of modes) {
    await createSchema(pair[mode], "1.16");
    await insertOne(pair[mode], randomUUID());
    await pair[mode].query(
      `CREATE UNLOGGED TABLE bulk AS SELECT n.* FROM ${nodes} n, generate_series(1, ${bulkRows}); ANALYZE bulk`,
    );
  }
  const postgres = createPool(urlOf("with"));
  await installCapture({ postgres, state: stateDatabase(postgres) }, { signal, progress: noProgress });
  await postgres.end();
}

async function insertOne(client: pg.Client, id: string): Promise<void> {
  await client.query({
    name: "insert",
    text: `INSERT INTO ${nodes} (id, tenant_id, app_id, workflow_id, triggered_from, index, node_execution_id, node_id, node_type, title, inputs, status, created_by_role, created_by, created_at)
      VALUES ($1, $1, $1, $1, 'workflow-run', 1, $1::uuid::text, 'node', 'llm', 'LLM', $2, 'running', 'account', $1, clock_timestamp())`,
    values: [id, payload()],
  });
}

async function updateOne(client: pg.Client, id: string): Promise<void> {
  await client.query({
    name: "update",
    text: `UPDATE ${nodes} SET status = 'succeeded', outputs = $2, finished_at = clock_timestamp() WHERE id = $1`,
    values: [id, payload()],
  });
}

/** Random, so that compression does not make it small. */
function payload(): string {
  return JSON.stringify({ text: randomBytes(2000).toString("hex") });
}

interface Result {
  readonly what: string;
  readonly synchronousCommit: "on" | "off";
  /** Medians, in milliseconds. */
  readonly without: number;
  readonly with: number;
  readonly ratio: number;
}

async function measure(pairs: readonly Pair[], synchronousCommit: "on" | "off"): Promise<Result[]> {
  for (const pair of pairs)
    for (const mode of modes) await pair[mode].query(`SET synchronous_commit = ${synchronousCommit}`);
  const [inserts, updates, many] = [newTimes(), newTimes(), newTimes()];
  process.stderr.write(`Writing one row at a time, synchronous_commit ${synchronousCommit} ...\n`);
  await Promise.all(pairs.map((pair) => writeSingly(pair, inserts, updates)));
  process.stderr.write(`Inserting ${bulkRows} rows at a time ...\n`);
  for (let at = 0; at < bulks; at++) await inBoth(pairs[0]!, at, many, insertMany, renewBulk);
  return (
    [
      ["single-row insert", inserts],
      ["single-row update", updates],
      [`insert of ${bulkRows} rows`, many],
    ] as const
  ).map(([what, times]) => {
    const [without, withCapture] = [median(times.without), median(times.with)];
    const ratio = Math.round((withCapture / without) * 1000) / 1000;
    return { what, synchronousCommit, without, with: withCapture, ratio };
  });
}

function newTimes(): Times {
  return { without: [], with: [] };
}

async function writeSingly(pair: Pair, inserts: Times, updates: Times): Promise<void> {
  for (let at = 0; at < writes; at++) {
    const id = randomUUID();
    await inBoth(pair, at, inserts, (client) => insertOne(client, id));
    await inBoth(pair, at + 1, updates, (client) => updateOne(client, id));
  }
}

async function renewBulk(client: pg.Client): Promise<void> {
  await client.query(`TRUNCATE ${nodes}`);
  await client.query("UPDATE bulk SET id = gen_random_uuid()");
  await client.query("VACUUM bulk");
}

async function insertMany(client: pg.Client): Promise<void> {
  await client.query(`INSERT INTO ${nodes} SELECT * FROM bulk`);
}

type Work = (client: pg.Client) => Promise<void>;

/** Does the same in both databases, one after the other; which is first changes with `at`. */
async function inBoth(pair: Pair, at: number, times: Times, work: Work, before?: Work): Promise<void> {
  signal.throwIfAborted();
  for (const mode of at % 2 === 0 ? modes : modes.toReversed()) {
    await before?.(pair[mode]);
    const start = performance.now();
    await work(pair[mode]);
    times[mode].push(performance.now() - start);
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function report(results: readonly Result[]): void {
  const heads = ["", "synchronous_commit", "without (ms)", "with (ms)", "ratio"];
  const lines = results.map((result) => [
    result.what,
    result.synchronousCommit,
    result.without.toFixed(2),
    result.with.toFixed(2),
    result.ratio.toFixed(3),
  ]);
  console.log(formatTable(heads, lines));
  const singles = results.filter(
    ({ what, synchronousCommit }) => what.startsWith("single") && synchronousCommit === "on",
  );
  const ratio = Math.max(...singles.map((result) => result.ratio));
  const ok = ratio <= limit;
  console.log(
    `${ok ? "✓" : "✗"} A single write that waits for the disk takes ${ratio} times as long with capture; the limit is ${limit}.`,
  );
  console.log(JSON.stringify({ benchmark: "capture", writes, connections, bulks, results, ratio, limit, ok }));
  if (!ok) process.exitCode = 1;
}
