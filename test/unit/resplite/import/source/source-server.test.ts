import { expect, test } from "vitest";
import { fieldTtlsIn } from "../../../../../src/resplite/import/source/source-server.ts";

test.each([
  ["Redis 7.0", "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=5\r\n", 0],
  [
    "Redis 7.4",
    "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0,subexpiry=7\r\ndb1:keys=1,expires=0,avg_ttl=0,subexpiry=1\r\n",
    7,
  ],
  ["Valkey 9", "# Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0,keys_with_volatile_items=3\r\n", 3],
  ["an empty database", "# Keyspace\r\ndb1:keys=1,expires=0,avg_ttl=0,subexpiry=1\r\n", 0],
])("hashes with fields that expire are counted as %s tells it", (_, keyspace, hashes) => {
  expect(fieldTtlsIn(keyspace, 0)).toBe(hashes);
});
