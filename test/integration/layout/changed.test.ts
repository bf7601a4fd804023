import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.hoisted(() => void (process.env["TEST_LAYOUT"] = "shared"));

import { runAppHere } from "../../support/app-here.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { dropPrefix, uniquePrefix } from "../../support/database.ts";
import { createTestArchive, documentsByIndex, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
const prefix = uniquePrefix();

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 2, months: 1 });
});
afterAll(async () => {
  await dropPrefix(archive.elasticsearchUrl, prefix);
  await archive.drop();
  delete process.env["TEST_LAYOUT"];
});

test("an archive with an index for each tenant moves into shared ones, under another prefix", async () => {
  const dedicated = await runAppHere(archive, ["elasticsearch", "migrate"], {
    ELASTICSEARCH_INDEX_LAYOUT: "dedicated",
  });
  expect(dedicated).toMatchObject({ code: 0 });
  const before = await documentsByIndex(archive);
  const shared = { ...archive, prefix };
  expect(await runAppHere(shared, ["elasticsearch", "migrate"])).toMatchObject({ code: 2 });
  expect(await runAppHere(shared, ["elasticsearch", "takeover", "--yes"])).toMatchObject({ code: 0 });
  expect(await runAppHere(shared, ["elasticsearch", "migrate"])).toMatchObject({ code: 0 });
  const { differences, documents } = await compareStores(shared);
  expect(differences).toEqual([]);
  expect(documents).toBeGreaterThan(60);
  expect(Object.keys(await documentsByIndex(shared)).every((name) => name.includes("~shared-"))).toBe(true);
  expect(await documentsByIndex(archive)).toEqual(before);
});
