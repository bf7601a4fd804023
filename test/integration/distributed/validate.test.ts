import { afterEach, expect, test } from "vitest";
import { type AppProcess, startApp } from "../../support/app-process.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { type AppWorker, endAll, startAppWorker, untilParts } from "../../support/distributed.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

interface Report {
  status: string;
  repaired: number;
  byDataType: Record<string, { source: number; checked: number; matched: number }>;
  differences: { id: string; kind: string; columns: string[] }[];
  partitions: { total: number; done: number; verified: number };
}

let archive: TestArchive;
let slow: FaultProxy | undefined;
const processes: AppProcess[] = [];
afterEach(async () => {
  await endAll(processes.splice(0));
  await slow?.close();
  slow = undefined;
  await archive.drop();
});

function worker(elasticsearchUrl: string): AppWorker {
  const app = startAppWorker({ ...archive, elasticsearchUrl });
  processes.push(app);
  return app;
}

async function validate(args: readonly string[]): Promise<Report & { code: number | null }> {
  const app = startApp(archive, ["elasticsearch", "validate", "--full", "--json", ...args]);
  processes.push(app);
  const { code, stdout, stderr } = await app.end;
  if (stdout.trim() === "") throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), code };
}

test("workers find what one process would, though one is killed, and what they prove is proven", async () => {
  archive = await createTestArchive({ nodeExecutions: 600, tenants: 3, months: 1 });
  await migrateOnce(archive);
  await archive.sql.query(
    "UPDATE workflow_node_executions SET title = 'another' WHERE id IN (SELECT id FROM workflow_node_executions ORDER BY id LIMIT 7)",
  );
  slow = await startFaultProxy(archive.elasticsearchUrl);
  slow.set({ kind: "delay", millis: 8 });
  const killed = worker(slow.url);
  const name = await killed.name;
  worker(slow.url);

  const distributed = validate(["--distributed"]);
  await untilParts(archive.sql, "the worker compares", (parts) =>
    parts.some((part) => part.worker === name && part.state === "working"),
  );
  killed.child.kill("SIGKILL");
  const report = await distributed;

  expect(report).toMatchObject({ code: 3, status: "mismatch" });
  expect(report.differences.filter(({ kind }) => kind === "different")).toHaveLength(7);
  const { rows: proofs } = await archive.sql.query("SELECT data_type FROM log_archive.proofs WHERE voided_at IS NULL");
  expect(proofs).toHaveLength(report.partitions.verified);
  expect(report.partitions.verified).toBeGreaterThan(0);

  const alone = await validate([]);
  expect(report.byDataType).toEqual(alone.byDataType);
  expect(report.partitions).toEqual(alone.partitions);
  expect(new Set(report.differences.map(({ id }) => id))).toEqual(new Set(alone.differences.map(({ id }) => id)));
});

test("workers repair what they find", async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 1, months: 1 });
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_node_executions SET title = 'another'");
  worker(archive.elasticsearchUrl);

  const repaired = await validate(["--distributed", "--repair"]);

  expect(repaired).toMatchObject({ code: 0, status: "match", repaired: 200 });
  expect((await compareStores(archive)).differences).toEqual([]);
});
