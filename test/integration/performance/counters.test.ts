import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { type Counts, countedMigrate } from "./counted-migrate.ts";

/** Of the same seed always, so the counts are too; limits leave room for a statement now and then that depends on time, not for one more per page. */
const rows = 3000;

let archive: TestArchive;
let first: Counts;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: rows, tenants: 1, months: 1, graphBytes: 500 });
  first = await countedMigrate(archive);
});
afterAll(() => archive.drop());

test("requests to Elasticsearch: bulks of their full size, and a fixed number beside them", () => {
  expect(first.report.totals.migrated).toBe(rows);
  expect(first.bulkRequests).toBeLessThanOrEqual(6); // measured 6
  expect(first.otherRequests).toBeLessThanOrEqual(26); // measured 25, of them 6 for the templates of a first run and 8 for the claim of the archive
});

test("bytes on the wire: the documents, and answers that say no more than they must", () => {
  const { bytesSent, bytesReceived, report } = first;
  expect(report.totals.bytes / rows).toBeLessThan(5400); // measured 5319, search text included
  expect(bytesSent / report.totals.bytes).toBeLessThan(1.005); // measured 1.001
  expect(bytesReceived / rows).toBeLessThan(40); // measured 35
});

test("statements: one for each page, and few for each batch confirmed", async () => {
  const { report, pages, bulkRequests, otherStatements } = await countedMigrate(archive, {
    batchRows: 100,
    restart: true,
  });
  expect(report.totals.migrated).toBe(rows);
  expect(bulkRequests).toBe(30);
  expect(pages).toBeLessThanOrEqual(32); // measured 32: each ends with one that is empty
  expect(otherStatements).toBeLessThanOrEqual(290); // measured 282; one more for each batch would be 30
});

test("a run that finds nothing new asks little and sends nothing", async () => {
  const { report, bulkRequests, otherRequests, bytesSent } = await countedMigrate(archive);
  expect(report.totals).toMatchObject({ migrated: 0, skipped: rows });
  expect(bulkRequests).toBe(0);
  expect(otherRequests).toBeLessThanOrEqual(17); // measured 16
  expect(bytesSent).toBeLessThan(9000); // measured 8209
});
