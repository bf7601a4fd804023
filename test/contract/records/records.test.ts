import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import { recordOfDocument } from "../../../src/workflow-logs/repositories/records/read-record.ts";
import { ElasticsearchRecords } from "../../../src/workflow-logs/repositories/records/elasticsearch-records.ts";
import { PostgresRecords } from "../../../src/workflow-logs/repositories/records/postgres-records.ts";
import { RecordRenderer } from "../../../src/workflow-logs/repositories/records/render-record.ts";
import { workflowRunKind } from "../../../src/workflow-logs/repositories/workflow-runs/workflow-run.ts";
import type { Connections } from "../../../src/workflow-logs/connections.ts";
import { readSources } from "../../../src/stores/elasticsearch/documents/mget-sources.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const copiedAt = /"copied_at":"[^"]+"\}\}$/;

describe.each(["UTC", "Asia/Shanghai"])("records of rows and documents, the source in %s", (sourceTimeZone) => {
  let archive: TestArchive;
  const settings = { sourceTimeZone };

  beforeAll(async () => {
    archive = await createTestArchive({ nodeExecutions: 300, hostile: true });
    await migrateOnce(archive, { settings, scope: { dataTypes: ["workflow_runs"] } });
  });
  afterAll(() => archive.drop());

  function withRecords<T>(work: (connections: Connections) => Promise<T>): Promise<T> {
    return withTestConnections(archive, { settings }, work);
  }

  it("are the same for every row, and make the document that migrate wrote of it", async () => {
    await withRecords(async (connections) => {
      const rows = new PostgresRecords(connections, workflowRunKind);
      const documents = new ElasticsearchRecords(connections, workflowRunKind);
      const renderer = new RecordRenderer(workflowRunKind, connections.settings);
      const records = await rows.read(sql`order by t.id`);
      expect(records.length).toBeGreaterThan(100);
      const indices = new Map<string, string[]>();
      for (const { tenantId } of records) indices.set(tenantId, await documents.indices(tenantId));
      const sources = new Map<string, string>();
      for (const index of [...indices.values()].flat()) {
        const read = await readSources(
          connections.elasticsearch,
          index,
          records.map(({ id }) => id),
        );
        for (const [id, bytes] of read) sources.set(id, bytes.toString("utf8"));
      }
      for (const record of records) {
        expect(await documents.get(record.tenantId, record.id)).toEqual(record);
        const source = sources.get(record.id)!.replace(copiedAt, "");
        expect(renderer.render(record).replace(copiedAt, "")).toBe(source);
      }
      expect(recordOfDocument(workflowRunKind, {}).status).toBeNull();
    });
  });
});
