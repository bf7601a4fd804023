import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { type Counts, countedMigrate } from "./counted-migrate.ts";

/**
 * Of the same seed always, so the counts are too; limits leave room for a statement now and then that depends on time,
 * not for one more per page.
 */
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
  // Measured 24: 16 as a later run has them, 3 for the templates and 1 for the marks of older indices, both of a first
  // run alone, and 4 to make the index: what its name would be made of, its making, its uuid, which the answer to that
  // does not say, and whether it takes documents.
  expect(first.otherRequests).toBeLessThanOrEqual(25);
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
  // Measured 267, 4.6 for each batch; one more for each would be 30. Four say what was listed, for the runs that
  // follow, and three whether workers have a part in the run. Twice a second, at most, a run looks what is asked of it and whether standbys keep up: on a busy machine,
  // where it takes longer, that adds some.
  const ofTime = 2 * Math.floor(report.seconds);
  expect(otherStatements - ofTime).toBeLessThanOrEqual(275);
});

test("a run that finds nothing new asks little and sends nothing", async () => {
  const { report, bulkRequests, otherRequests, bytesSent } = await countedMigrate(archive);
  expect(report.totals).toMatchObject({ migrated: 0, skipped: rows });
  expect(bulkRequests).toBe(0);
  // Measured 16, 5 more than before an archive belonged to one database. Which cluster it is, is asked three times
  // instead of once, for a balancer may lead to several. Claims are read before the first write of any kind, and again
  // just before the own one is put, so that two databases that come to the same prefix at once see each other; then it
  // is put. A request and its headers are about 450 bytes, the claim itself 220.
  expect(otherRequests).toBeLessThanOrEqual(17);
  expect(bytesSent).toBeLessThan(9000); // measured 8209
});
