import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBody } from "../../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { indexName } from "../../../../../src/stores/elasticsearch/indices/index-names.ts";
import {
  documentId,
  foundIn,
  identityOf,
  idOf,
  linesFor,
  pathOf,
  placeOf,
  queryOf,
  routingOf,
} from "../../../../../src/stores/elasticsearch/indices/place.ts";

const tenantIds = fc.oneof(
  fc.uuid(),
  fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,99}$/),
  fc.constantFrom("a", "a-b", "a_", "a--", "shared", "a-shared-2024", "0"),
);
const ids = fc.oneof(fc.uuid(), fc.string(), fc.constantFrom("a:b", ":", "a/b", "a-b:", '"', "\n"));
const partOf = (tenantId: string) =>
  placeOf(indexName({ prefix: "dify", layout: "shared", resource: "workflow-runs", tenantId, month: "2024-05" }));
const own = placeOf(indexName({ prefix: "dify", resource: "workflow-runs", tenantId: "acme", month: "2024-05" }));

describe("an index of its own", () => {
  test("is asked as if there were no places", () => {
    expect(own.index).toBe("dify-workflow-runs-acme-2024.05");
    expect(routingOf(own)).toEqual({});
    expect(pathOf(own, "_mget")).toBe("/dify-workflow-runs-acme-2024.05/_mget");
    const query = { match_all: {} };
    expect(queryOf(own, query)).toBe(query);
    expect(queryOf(own)).toBeUndefined();
    expect(documentId(own, "x:y")).toBe("x:y");
    expect(idOf(own, "x:y")).toBe("x:y");
    expect(foundIn(own.index, "x:y")).toEqual({ name: own.name, id: "x:y" });
    expect(identityOf(own, "uuid")).toBe("uuid");
  });

  test("gets the bytes of a body themselves", () => {
    const body = bodyOf(["1", "2"]);
    expect(linesFor(own, body).buffer).toBe(body.buffer.buffer);
    expect(linesFor(own, body, [0, 1]).toString()).toBe(body.bytes().toString());
    expect(linesFor(own, body, [1]).toString()).toBe(body.record(1).toString());
  });
});

describe("a part of a shared index", () => {
  test("is asked with its tenant", () => {
    const part = partOf("acme");
    expect(part.index).toBe("dify-workflow-runs-~shared-2024.05");
    expect(routingOf(part)).toEqual({ routing: "acme" });
    expect(pathOf(part, "_mget")).toBe("/dify-workflow-runs-~shared-2024.05/_mget?routing=acme");
    const ofAcme = [{ terms: { _routing: ["acme"] } }, { terms: { tenant_id: ["acme"] } }];
    expect(queryOf(part)).toEqual({ bool: { filter: ofAcme } });
    expect(queryOf(part, { match_all: {} })).toEqual({ bool: { filter: ofAcme, must: { match_all: {} } } });
    expect(identityOf(part, "uuid")).toBe("uuid/acme");
  });

  test("documents of two tenants never have one _id, and each leads back to its tenant and id", () => {
    fc.assert(
      fc.property(tenantIds, ids, tenantIds, ids, (tenantId, id, otherTenant, otherId) => {
        const [part, other] = [partOf(tenantId), partOf(otherTenant)];
        const same = tenantId === otherTenant && id === otherId;
        expect(documentId(part, id) === documentId(other, otherId)).toBe(same);
        expect(idOf(part, documentId(part, id))).toBe(id);
        expect(foundIn(part.index, documentId(part, id))).toEqual({ name: part.name, id });
        if (tenantId !== otherTenant) expect(() => idOf(part, documentId(other, id))).toThrow(/not written by this/);
      }),
      { numRuns: 1000 },
    );
  });

  test("gets records whose actions have its ids, and nothing else changed", () => {
    const part = partOf("acme");
    const body = bodyOf(["1", "2"]);
    const lines = (id: string, at: number) => `{"index":{"_id":"acme:${id}","version":7}}\n{"n":${at}}\n`;
    expect(linesFor(part, body).toString()).toBe(lines("1", 0) + lines("2", 1));
    expect(linesFor(part, body, [1]).toString()).toBe(lines("2", 1));
    expect(body.id(1)).toBe("2");
  });

  test("the index itself, without a tenant, is no place", () => {
    expect(() => placeOf("dify-workflow-runs-~shared-2024.05")).toThrow(/names no tenant/);
  });
});

function bodyOf(names: readonly string[]): BulkBody {
  const body = new BulkBody(1000);
  for (const [at, id] of names.entries()) {
    body.beginRecord();
    body.length += body.buffer.write(`{"index":{"_id":"${id}","version":7}}\n{"n":${at}}\n`, body.length);
  }
  return body;
}
