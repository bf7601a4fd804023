import { expect, test } from "vitest";
import { recordOf } from "../../../src/vectors/records/records.ts";
import { newTenant, vectorOf, weaviateStore } from "../../support/vectors.ts";

test("a record that is written while its tenant is emptied, or made by another write, is not refused", async () => {
  const { store } = await weaviateStore();
  const tenant = newTenant();
  const over = new AbortController();
  const emptying = (async () => {
    for (let times = 0; times < 40; times++) await store.removeAll(tenant);
    over.abort();
  })();
  for (let at = 0; !over.signal.aborted; at++) {
    const records = [recordOf({ uniqueid: `note-${at}`, vector: vectorOf(at + 1) })];
    expect(await store.put(tenant, records)).toEqual([]);
  }
  await emptying;
  await store.put(tenant, [recordOf({ uniqueid: "last", vector: vectorOf(1) })]);
  expect((await store.get(tenant, ["last"])).map(({ uniqueid }) => uniqueid)).toEqual(["last"]);
});
