import { createHash } from "node:crypto";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** The name space of the ids below; any fixed UUID serves, and it must never change. */
const nameSpace = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");

/** A UUID in lower case, as Weaviate gives it back; any other id as it is. Both stores know a record by this one. */
export function canonicalId(uniqueid: string): string {
  return uuid.test(uniqueid) ? uniqueid.toLowerCase() : uniqueid;
}

/**
 * The id of the object in Weaviate, which takes UUIDs only (422 else): the record's own when it is one, else UUID
 * version 5 of it (RFC 9562, 5.5).
 */
export function weaviateId(uniqueid: string): string {
  if (uuid.test(uniqueid)) return uniqueid.toLowerCase();
  const hash = createHash("sha1").update(nameSpace).update(uniqueid).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
